// node file_server.js [CERTIFICATE KEY] FOLDER: the files of a folder over HTTP/2, in the clear or
// under TLS; "/" is index.html.
'use strict';
const fs = require('fs');
const http2 = require('http2');
const path = require('path');

const words = process.argv.slice(2);
const folder = words[words.length - 1];
const TYPES = { '.html': 'text/html', '.svg': 'image/svg+xml', '.css': 'text/css',
                '.js': 'text/javascript' };
const server = words.length === 3
  ? http2.createSecureServer({ cert: fs.readFileSync(words[0]), key: fs.readFileSync(words[1]) })
  : http2.createServer();
server.on('stream', (stream, headers) => {
  const name = headers[':path'] === '/' ? '/index.html' : headers[':path'];
  stream.respondWithFile(path.join(folder, name), {
    'content-type': TYPES[path.extname(name)] || 'text/plain', 'cache-control': 'no-store' },
  { onError: () => stream.respond({ ':status': 404 }, { endStream: true }) });
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
