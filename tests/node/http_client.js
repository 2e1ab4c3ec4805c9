// node http_client.js PORT NAME CA COUNT: requests through an agent that keeps 16 connections;
// prints as JSON how many there were of each kind, on how many connections. Any surprise is an
// exception.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const https = require('https');
const { Readable } = require('stream');

const [port, name, ca, count] = process.argv.slice(2);
const SOCKETS = 16;
const agent = new https.Agent({ keepAlive: true, maxSockets: SOCKETS, ca: fs.readFileSync(ca) });
const connections = new Set();
const done = { get: 0, sum: 0, stream: 0, echo: 0 };

function ask(method, path, headers = {}) {
  return https.request({ host: '127.0.0.1', port, servername: name, agent, method, path,
                         headers: { Host: `${name}:${port}`, ...headers } })
    .on('socket', (socket) => connections.add(socket));
}

function responseTo(request) {
  return new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
}

async function whole(response) {
  assert.strictEqual(response.statusCode, 200);
  const pieces = [];
  for await (const piece of response) pieces.push(piece);
  assert(response.complete);
  return Buffer.concat(pieces);
}

// Pieces of a length that no buffer is in step with, each made when it is asked for.
function pieces(i) {
  const result = [];
  for (let n = 0; n < 1 + i % 20; n++) {
    result.push(crypto.randomBytes(1 + (i * 7919 + n * 104729) % 40000));
  }
  return result;
}

const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');

const kinds = {
  async get(i) {
    const size = (i * 7919) % 200000;
    const request = ask('GET', `/bytes/${size}`);
    request.end();
    assert((await whole(await responseTo(request))).equals(Buffer.alloc(size, 'sally ')));
  },
  async sum(i) {
    const body = Buffer.concat(pieces(i));
    const request = ask('POST', '/sum', { 'Content-Length': body.length });
    request.end(body);
    const told = JSON.parse(await whole(await responseTo(request)));
    assert.strictEqual(told.length, body.length);
    assert.strictEqual(told.sum, sha256(body));
  },
  async stream(i) {
    const body = pieces(i);
    const request = ask('POST', '/sum');
    Readable.from(body).pipe(request);
    const told = JSON.parse(await whole(await responseTo(request)));
    assert.strictEqual(told.sum, sha256(Buffer.concat(body)));
  },
  async echo(i) {
    const body = pieces(i);
    const request = ask('POST', '/echo');
    Readable.from(body).pipe(request);
    assert.strictEqual(sha256(await whole(await responseTo(request))), sha256(Buffer.concat(body)));
  },
};

async function main() {
  const all = [];
  for (let i = 0; i < Number(count); i++) {
    const kind = Object.keys(kinds)[i % 4];
    all.push(kinds[kind](i).then(() => done[kind]++));
  }
  await Promise.all(all);
  const kept = Object.values(agent.sockets).concat(Object.values(agent.freeSockets)).flat().length;
  console.log(JSON.stringify({ ...done, connections: connections.size, kept }));
  agent.destroy();
}

main();
