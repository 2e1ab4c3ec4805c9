// node http2_server.js [CERTIFICATE KEY]: HTTP/2 as Node speaks it, in the clear or under TLS (where
// HTTP/1.1 is spoken as well to those who do not offer h2).
//   GET /bytes/N   N bytes
//   GET /who       the protocol, and how many sessions and streams there have been
//   GET /goaway    a GOAWAY, and an answer
//   POST /sum      length and SHA-256 of the body, and its trailers, once it is there
//   POST /echo     the body, while it comes
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http2 = require('http2');

const [certificate, key] = process.argv.slice(2);
const server = certificate
  ? http2.createSecureServer({
    allowHTTP1: true, cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }, answer)
  : http2.createServer(answer);
let sessions = 0;
let streams = 0;
server.on('session', () => { sessions += 1; });
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));

function answer(request, response) {
  streams += 1;
  const [, kind, argument] = request.url.split('/');
  if (kind === 'bytes') {
    request.resume();
    response.end(Buffer.alloc(Number(argument), 'sally '));
  } else if (kind === 'who') {
    request.resume();
    const { httpVersion: version, headers, authority } = request;
    response.end(JSON.stringify({ version, sessions, streams, headers, authority }));
  } else if (kind === 'goaway') {
    request.resume();
    request.stream.session.goaway(0);
    response.end('leaving');
  } else if (kind === 'echo') {
    request.pipe(response);
  } else {
    const sum = crypto.createHash('sha256');
    let length = 0;
    request.on('data', (data) => { length += data.length; sum.update(data); });
    request.on('end', () => response.end(JSON.stringify({
      length, sum: sum.digest('hex'), trailers: request.trailers })));
  }
}
