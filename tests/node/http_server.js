// node http_server.js [CERTIFICATE KEY]: HTTP as Node speaks it.
//   GET /bytes/N   N bytes
//   POST /sum      length and SHA-256 of the body, once it is there
//   POST /echo     the body, while it comes
'use strict';
const crypto = require('crypto');
const fs = require('fs');

const [certificate, key] = process.argv.slice(2);
const options = certificate
  ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : {};
const server = require(certificate ? 'https' : 'http').createServer(options, answer);
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));

function answer(request, response) {
  const [, kind, argument] = request.url.split('/');
  if (kind === 'bytes') {
    request.resume();
    response.end(Buffer.alloc(Number(argument), 'sally '));
  } else if (kind === 'echo') {
    request.pipe(response);
  } else {
    const sum = crypto.createHash('sha256');
    let length = 0;
    request.on('data', (data) => { length += data.length; sum.update(data); });
    request.on('end', () => response.end(JSON.stringify({ length, sum: sum.digest('hex') })));
  }
}
