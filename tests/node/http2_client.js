// node http2_client.js PORT NAME CA COUNT: requests of Node's HTTP/2 over two connections, fifty at a
// time; prints as JSON how many there were of each kind. Any surprise is an exception.
'use strict';
const assert = require('assert');
const fs = require('fs');
const http2 = require('http2');
const { Readable } = require('stream');
const requests = require('./requests');

const [port, name, ca, count] = process.argv.slice(2);
const AT_ONCE = 50;
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

async function main() {
  const { one, done } = requests(ask);
  let next = 0;
  const work = async () => {
    while (next < Number(count)) await one(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  console.log(JSON.stringify(done));
  for (const session of sessions) session.close();
}

main();
