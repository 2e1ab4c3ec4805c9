// node websocket_server.js [CERTIFICATE KEY]: sends every message back as it came, and after the
// text `push N` N messages of its own.
'use strict';
const fs = require('fs');
const { WebSocketServer } = require('ws');

const [certificate, key] = process.argv.slice(2);
const options = certificate
  ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : {};
const server = require(certificate ? 'https' : 'http').createServer(options);
const sockets = new WebSocketServer({
  server, perMessageDeflate: true, handleProtocols: (offered) => [...offered].pop(),
});
sockets.on('connection', (socket) => {
  socket.on('message', (data, binary) => {
    const push = !binary && /^push (\d+)$/.exec(data);
    if (!push) return socket.send(data, { binary });
    for (let i = 0; i < Number(push[1]); i++) socket.send(`pushed ${i}`);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
