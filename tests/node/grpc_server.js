// node grpc_server.js [CERTIFICATE KEY]: @grpc/grpc-js' server, in the clear or under TLS.
'use strict';
const fs = require('fs');
const grpc = require('@grpc/grpc-js');

const [certificate, key] = process.argv.slice(2);
const credentials = certificate
  ? grpc.ServerCredentials.createSsl(null, [{
    cert_chain: fs.readFileSync(certificate), private_key: fs.readFileSync(key) }])
  : grpc.ServerCredentials.createInsecure();
const server = new grpc.Server();
let cancelled = 0;

server.addService(require('./grpc_service.js'), {
  unary(call, done) {
    if (call.request.fail) {
      done({ code: grpc.status.FAILED_PRECONDITION, details: 'as was asked for' });
    } else {
      done(null, { sum: call.request.a + call.request.b, cancelled });
    }
  },
  collect(call, done) {
    let sum = 0;
    call.on('data', (value) => { sum += value; });
    call.on('end', () => done(null, { sum }));
  },
  spread(call) {
    for (let i = 0; i < call.request.count; ++i) call.write(i);
    call.end();
  },
  echo(call) {
    call.on('data', (value) => call.write(value));
    call.on('end', () => call.end());
  },
  never(call) {
    call.on('cancelled', () => { cancelled += 1; });
  },
  // The server's own deadline, long before that of the client, which it knows.
  late(call, done) {
    const left = call.getDeadline() - Date.now();
    setTimeout(() => done({ code: grpc.status.DEADLINE_EXCEEDED, details: `late, of ${left}` }), 100);
  },
  // Cancelled by the server, amid its messages.
  torn(call) {
    for (let i = 0; i < 3; ++i) call.write(i);
    setTimeout(() => call.emit('error', { code: grpc.status.CANCELLED, details: 'torn' }), 100);
  },
});
server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
  if (error) throw error;
  console.log(`listening ${port}`);
});
