// Node's http, as server and as client. Prints its port. What it understood of a request comes back
// as JSON; what it did not, as the code of its error. GET /response?port=N&method=M asks a server on
// that port and says how its response was understood.
'use strict';
const http = require('http');

function answer(res, said) {
  const text = JSON.stringify(said);
  res.writeHead(200, {'Content-Length': Buffer.byteLength(text), Connection: 'close'});
  res.end(text);
}

function collect(stream, done) {
  const parts = [];
  stream.on('data', (part) => parts.push(part));
  stream.on('end', () => done(Buffer.concat(parts).toString('hex')));
}

function readRequest(req, res) {
  collect(req, (body) => answer(res, {verdict: 'taken', method: req.method, target: req.url, body}));
}

function readResponse(req, res) {
  const url = new URL(req.url, 'http://127.0.0.1');
  let said = false;
  const say = (what) => {
    if (!said) answer(res, what);
    said = true;
  };
  const refused = (error) => say({verdict: 'refused', fault: error.code || error.message});
  const taken = (response, body) =>
    say({verdict: 'taken', status: String(response.statusCode), body});
  const asked = http.request({port: url.searchParams.get('port'), host: '127.0.0.1', agent: false,
                              method: url.searchParams.get('method')});
  asked.on('response', (response) => {
    response.on('error', refused);
    collect(response, (body) => taken(response, body));
  });
  asked.on('upgrade', (response, socket) => {
    taken(response, '');
    socket.destroy();
  });
  asked.on('error', refused);
  asked.end();
}

const reader = http.createServer(readRequest);
reader.on('clientError', (error, socket) => {
  const said = JSON.stringify({verdict: error.code === 'HPE_INVALID_EOF_STATE' ? 'incomplete' : 'refused',
                               fault: error.code});
  if (socket.writable) socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${said.length}\r\n\r\n${said}`);
});
const asker = http.createServer(readResponse);
reader.listen(0, '127.0.0.1', () => {
  asker.listen(0, '127.0.0.1', () => {
    console.log(`ports ${reader.address().port} ${asker.address().port}`);
  });
});
process.stdin.on('end', () => process.exit(0)).resume();
