// node http_client.js PORT NAME CA COUNT: requests through an agent that keeps 16 connections;
// prints as JSON how many there were of each kind, on how many connections. Any surprise is an
// exception.
'use strict';
const assert = require('assert');
const fs = require('fs');
const https = require('https');
const { Readable } = require('stream');
const requests = require('./requests');

const [port, name, ca, count] = process.argv.slice(2);
const SOCKETS = 16;
const agent = new https.Agent({ keepAlive: true, maxSockets: SOCKETS, ca: fs.readFileSync(ca) });
const connections = new Set();

async function ask(i, method, path, body) {
  const length = Buffer.isBuffer(body) ? { 'Content-Length': body.length } : {};
  const request = https.request({ host: '127.0.0.1', port, servername: name, agent, method, path,
                                  headers: { Host: `${name}:${port}`, ...length } })
    .on('socket', (socket) => connections.add(socket));
  const came = new Promise((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
  });
  if (body instanceof Readable) body.pipe(request);
  else request.end(body);
  const response = await came;
  assert.strictEqual(response.statusCode, 200);
  const pieces = [];
  for await (const piece of response) pieces.push(piece);
  assert(response.complete);
  return Buffer.concat(pieces);
}

async function main() {
  const { one, done } = requests(ask);
  await Promise.all(Array.from({ length: Number(count) }, (_, i) => one(i)));
  const kept = Object.values(agent.sockets).concat(Object.values(agent.freeSockets)).flat().length;
  console.log(JSON.stringify({ ...done, connections: connections.size, kept }));
  agent.destroy();
}

main();
