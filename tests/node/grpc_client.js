// node grpc_client.js ADDRESS NAME AUTHORITY|- COUNT: calls of all four shapes, COUNT of each, 50 at
// a time; then cancellations, a deadline, and a failure of the server's. Prints what came of them.
'use strict';
const fs = require('fs');
const grpc = require('@grpc/grpc-js');

const [address, name, authority, count] = process.argv.slice(2);
const plain = authority === '-';
const Client = grpc.makeGenericClientConstructor(require('./grpc_service.js'), 'Test');
const client = new Client(
  address, plain ? grpc.credentials.createInsecure()
    : grpc.credentials.createSsl(fs.readFileSync(authority)),
  { 'grpc.ssl_target_name_override': name, 'grpc.default_authority': name });
const told = { unary: 0, collect: 0, spread: 0, echo: 0 };

const shapes = {
  unary: (i) => new Promise((done, fail) => client.unary(
    { a: i, b: 1 }, (error, value) => (error ? fail(error) : done(value.sum === i + 1)))),
  collect: (i) => new Promise((done, fail) => {
    const call = client.collect((error, value) => (error ? fail(error) : done(value.sum === 10 * i)));
    for (let n = 0; n < 10; ++n) call.write(i);
    call.end();
  }),
  spread: () => new Promise((done, fail) => {
    let next = 0;
    const call = client.spread({ count: 10 });
    call.on('data', (value) => { if (value === next) next += 1; });
    call.on('error', fail);
    call.on('end', () => done(next === 10));
  }),
  echo: (i) => new Promise((done, fail) => {
    let back = 0;
    const call = client.echo();
    call.on('data', (value) => {
      if (value === i + back) back += 1;
      if (back < 10) call.write(i + back);
      else call.end();
    });
    call.on('error', fail);
    call.on('end', () => done(back === 10));
    call.write(i);
  }),
};

async function run() {
  for (const [shape, one] of Object.entries(shapes)) {
    let next = 0;
    const work = async () => {
      while (next < Number(count)) {
        next += 1;
        if (await one(next)) told[shape] += 1;
      }
    };
    await Promise.all(Array.from({ length: 50 }, work));
  }
  const code = (start) => new Promise((done) => start((error) => done(error ? error.code : 0)));
  told.failure = await code((done) => client.unary({ fail: true }, done));
  told.deadline = await code((done) => client.never({}, { deadline: Date.now() + 300 }, done));
  told.cancelled = await code((done) => {
    const call = client.never({}, done);
    setTimeout(() => call.cancel(), 100);
  });
  told.late = await new Promise((done) => client.late(
    {}, { deadline: Date.now() + 20000 }, (error) => done([error.code, error.details])));
  told.torn = await new Promise((done) => {
    const came = [];
    const call = client.torn({});
    call.on('data', (value) => came.push(value));
    call.on('error', (error) => done([came, error.code, error.details]));
  });
  // Within a stream that goes both ways, by the client.
  told.broken = await new Promise((done) => {
    const call = client.echo();
    call.on('data', () => call.cancel());
    call.on('error', (error) => done(error.code));
    call.write(1);
  });
  for (let tries = 0; tries < 50 && !(told.seen >= 2); ++tries) {
    await new Promise((done) => { setTimeout(done, 100); });
    told.seen = await new Promise((done, fail) => client.unary(
      { a: 1, b: 1 }, (error, value) => (error ? fail(error) : done(value.cancelled))));
  }
  console.log(JSON.stringify(told));
  process.exit(0);
}

run().catch((error) => {
  console.log(JSON.stringify({ ...told, error: String(error) }));
  process.exit(1);
});
