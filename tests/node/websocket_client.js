// node websocket_client.js PORT NAME CA COUNT [deflate|http2]: COUNT messages, text and binary in turn,
// sent without waiting, come back as they were; then as many that the server sends by itself; then
// the same again each time that SIGUSR2 says so. SIGTERM ends the connection as it should be.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const http2 = require('http2');
const { once } = require('events');
const WebSocket = require('ws');

const [port, name, ca, count, mode] = process.argv.slice(2);
let session;
const socket = mode === 'http2' ? overHttp2()
  : new WebSocket(`wss://127.0.0.1:${port}/socket`, ['other', 'sally'], {
    servername: name, headers: { Host: `${name}:${port}` }, ca: fs.readFileSync(ca),
    perMessageDeflate: mode === 'deflate',
  });
let round = 0;

// RFC 8441: what `ws` does on a socket, on a stream.
function overHttp2() {
  const made = new WebSocket(null, undefined, { autoPong: true });
  made._isServer = false;  // it masks
  session = http2.connect(`https://127.0.0.1:${port}`, {
    servername: name, ca: fs.readFileSync(ca) });
  session.once('remoteSettings', (settings) => {
    assert.strictEqual(settings.enableConnectProtocol, true);
    const stream = session.request({
      ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': '/socket',
      ':authority': `${name}:${port}`, 'sec-websocket-version': '13',
      'sec-websocket-protocol': 'other, sally' });
    stream.once('response', (headers) => {
      assert.strictEqual(headers[':status'], 200);
      made._protocol = headers['sec-websocket-protocol'];
      made.setSocket(stream, Buffer.alloc(0), { maxPayload: 1 << 24 });
    });
  });
  return made;
}

// Mostly small, of all the lengths that the protocol frames differently, and now and then large.
function message(i) {
  const size = i % 1000 === 999 ? 200000 : [0, 1, 125, 126, 1000, i % 300][i % 6];
  return i % 2 ? crypto.randomBytes(size) : 'ß'.repeat(size / 2) + `${i}`;
}

async function roundTrips() {
  const sent = [];
  let received = 0;
  const all = new Promise((resolve) => {
    socket.on('message', function take(data, binary) {
      const expected = sent[received];
      assert.strictEqual(binary, typeof expected !== 'string', `message ${received}`);
      assert(data.equals(Buffer.from(expected)), `message ${received} is another`);
      if (++received === Number(count)) {
        socket.off('message', take);
        resolve();
      }
    });
  });
  for (let i = 0; i < Number(count); i++) {
    sent.push(message(i));
    socket.send(sent[i]);
    if (i % 100 === 99) await new Promise(setImmediate);
  }
  await all;
}

async function pushes() {
  let received = 0;
  const all = new Promise((resolve) => {
    socket.on('message', function take(data) {
      assert.strictEqual(data.toString(), `pushed ${received}`);
      if (++received === Number(count)) {
        socket.off('message', take);
        resolve();
      }
    });
  });
  socket.send(`push ${count}`);
  await all;
}

async function oneRound() {
  await roundTrips();
  await pushes();
  socket.ping();
  await once(socket, 'pong');
  console.log(`round ${++round}`);
}

socket.on('close', (code) => { throw new Error(`closed with ${code}`); });
socket.on('open', () => {
  assert.strictEqual(socket.protocol, 'sally');
  process.on('SIGUSR2', oneRound);
  process.on('SIGTERM', () => {
    socket.removeAllListeners('close');
    socket.on('close', (code, reason) => {
      console.log(`closed ${code} ${reason}`);
      if (!session) process.exit(0);
      // Node 20 may end the connection before the end of its last stream has gone.
      session.ping(() => session.close(() => process.exit(0)));
    });
    socket.close(1000, 'enough');
  });
  oneRound();
});
