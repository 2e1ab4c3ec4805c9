// node websocket_server.js [CERTIFICATE KEY] [http2]: sends every message back as it came, and after the
// text `push N` N messages of its own.
'use strict';
const fs = require('fs');
const http2 = require('http2');
const { WebSocket, WebSocketServer } = require('ws');

const words = process.argv.slice(2);
const overHttp2 = words[words.length - 1] === 'http2' && words.pop();
const [certificate, key] = words;
const options = certificate
  ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : {};
options.settings = { enableConnectProtocol: true };
const server = overHttp2
  ? http2[certificate ? 'createSecureServer' : 'createServer'](options)
  : require(certificate ? 'https' : 'http').createServer(options);
const sockets = new WebSocketServer({
  ...(overHttp2 ? { noServer: true } : { server }), perMessageDeflate: true, handleProtocols: (offered) => [...offered].pop(),
});
sockets.on('connection', (socket) => {
  socket.on('message', (data, binary) => {
    const push = !binary && /^push (\d+)$/.exec(data);
    if (!push) return socket.send(data, { binary });
    for (let i = 0; i < Number(push[1]); i++) socket.send(`pushed ${i}`);
  });
});
// RFC 8441: what `ws` does on a socket, on a stream.
if (overHttp2) {
  server.on('stream', (stream, headers) => {
    if (headers[':protocol'] !== 'websocket') {
      return stream.respond({ ':status': 400 }, { endStream: true });
    }
    const offered = headers['sec-websocket-protocol'];
    stream.respond({ ':status': 200, ...(offered && {
      'sec-websocket-protocol': offered.split(/, */).pop() }) });
    const socket = new WebSocket(null, undefined, { autoPong: true });
    socket.setSocket(stream, Buffer.alloc(0), { maxPayload: 1 << 24 });
    sockets.emit('connection', socket);
  });
}
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
