// node health_server.js [CERTIFICATE KEY] NAME FILE: a gRPC server that says who it is, and by
// grpc.health.v1 what the file says of shop.Orders: a ServingStatus, or a gRPC status to fail with.
'use strict';
const fs = require('fs');
const grpc = require('@grpc/grpc-js');
const protobuf = require('protobufjs');

const words = process.argv.slice(2);
const [name, file] = words.slice(-2);
const credentials = words.length === 4
  ? grpc.ServerCredentials.createSsl(null, [{
    cert_chain: fs.readFileSync(words[0]), private_key: fs.readFileSync(words[1]) }])
  : grpc.ServerCredentials.createInsecure();

// grpc/health/v1/health.proto, as far as it is used here.
const { root } = protobuf.parse(`
  syntax = "proto3";
  package grpc.health.v1;
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse {
    enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
    ServingStatus status = 1;
  }`);
const Request = root.lookupType('grpc.health.v1.HealthCheckRequest');
const Response = root.lookupType('grpc.health.v1.HealthCheckResponse');
const { ServingStatus } = Response;
const health = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestDeserialize: (bytes) => Request.decode(bytes),
    responseSerialize: (value) => Buffer.from(Response.encode(value).finish()),
  },
};

const server = new grpc.Server();
server.addService({ unary: require('./grpc_service.js').unary }, {
  unary: (call, done) => done(null, { name }),
});
server.addService(health, {
  check(call, done) {
    const status = fs.readFileSync(file, 'utf8').trim();
    if (call.request.service !== 'shop.Orders') return done({ code: grpc.status.NOT_FOUND });
    if (status in ServingStatus) return done(null, { status: ServingStatus[status] });
    return done({ code: grpc.status[status], details: 'as the file says' });
  },
});
server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
  if (error) throw error;
  console.log(`listening ${port}`);
});
