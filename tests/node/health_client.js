// node health_client.js ADDRESS NAME AUTHORITY|-: calls without end, four at a time; for each twenty
// a line that says who answered how many of them. A call that fails ends it.
'use strict';
const fs = require('fs');
const grpc = require('@grpc/grpc-js');

const [address, name, authority] = process.argv.slice(2);
const Client = grpc.makeGenericClientConstructor(require('./grpc_service.js'), 'Test');
const client = new Client(
  address, authority === '-' ? grpc.credentials.createInsecure()
    : grpc.credentials.createSsl(fs.readFileSync(authority)),
  { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name });
const LINE = 20;
let count = 0;
let by = {};

async function work() {
  for (;;) {
    const who = await new Promise((done, fail) => client.unary(
      { a: 1 }, (error, value) => (error ? fail(error) : done(value.name))));
    by[who] = (by[who] || 0) + 1;
    count += 1;
    if (count % LINE === 0) {
      console.log(`answered ${JSON.stringify(by)}`);
      by = {};
    }
    await new Promise((done) => { setTimeout(done, 5); });
  }
}

Promise.all([work(), work(), work(), work()]).catch((error) => {
  console.log(`failed ${error}`);
  process.exit(1);
});
