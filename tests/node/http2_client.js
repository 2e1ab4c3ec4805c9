// node http2_client.js PORT NAME CA COUNT: requests of Node's HTTP/2 over two connections, fifty at a
// time; prints as JSON how many there were of each kind. Any surprise is an exception.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const http2 = require('http2');
const { Readable } = require('stream');

const [port, name, ca, count] = process.argv.slice(2);
const AT_ONCE = 50;
const done = { get: 0, sum: 0, stream: 0, echo: 0 };
const sessions = [0, 1].map(() => http2.connect(`https://${name}:${port}`, {
  ca: fs.readFileSync(ca), servername: name, host: '127.0.0.1', port }));

function ask(i, method, path, body) {
  const stream = sessions[i % 2].request({ ':method': method, ':path': path },
                                         { endStream: body === undefined });
  if (body instanceof Readable) body.pipe(stream);
  else if (body !== undefined) stream.end(body);
  return new Promise((resolve, reject) => {
    const pieces = [];
    stream.on('response', (headers) => assert.strictEqual(headers[':status'], 200));
    stream.on('data', (piece) => pieces.push(piece));
    stream.on('error', reject);
    stream.on('end', () => resolve(Buffer.concat(pieces)));
  });
}

// Pieces of a length that no buffer is in step with.
function pieces(i) {
  const result = [];
  for (let n = 0; n < 1 + i % 20; n++) {
    result.push(crypto.randomBytes(1 + (i * 7919 + n * 104729) % 40000));
  }
  return result;
}

const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');

async function sums(i, body, whole) {
  const told = JSON.parse(await ask(i, 'POST', '/sum', body));
  assert.strictEqual(told.length, whole.length);
  assert.strictEqual(told.sum, sha256(whole));
}

const kinds = {
  async get(i) {
    const size = (i * 7919) % 200000;
    assert((await ask(i, 'GET', `/bytes/${size}`)).equals(Buffer.alloc(size, 'sally ')));
  },
  async sum(i) {
    const whole = Buffer.concat(pieces(i));
    await sums(i, whole, whole);
  },
  async stream(i) {
    const parts = pieces(i);
    await sums(i, Readable.from(parts), Buffer.concat(parts));
  },
  async echo(i) {
    const parts = pieces(i);
    assert((await ask(i, 'POST', '/echo', Readable.from(parts))).equals(Buffer.concat(parts)));
  },
};

async function main() {
  let next = 0;
  const work = async () => {
    while (next < Number(count)) {
      const i = next++;
      const kind = Object.keys(kinds)[i % 4];
      await kinds[kind](i);
      done[kind] += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  console.log(JSON.stringify(done));
  for (const session of sessions) session.close();
}

main();
