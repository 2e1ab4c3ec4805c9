// What Node's clients ask of http_server.js and http2_server.js, over whichever version of HTTP:
// bodies of every size and framing, either way. Any surprise is an exception.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const { Readable } = require('stream');

// Pieces of a length that no buffer is in step with.
function pieces(i) {
  const result = [];
  for (let n = 0; n < 1 + i % 20; n++) {
    result.push(crypto.randomBytes(1 + (i * 7919 + n * 104729) % 40000));
  }
  return result;
}

const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');

// `ask(i, method, path, body)` promises the body of the response to the i-th request, which has to
// be a 200; its own body is a Buffer, of known length, or a Readable, or there is none. What this
// returns is called with the numbers 0, 1, ... and promises that the request went well; `done`
// counts them by kind.
module.exports = function requests(ask) {
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

  const names = Object.keys(kinds);
  const done = Object.fromEntries(names.map((name) => [name, 0]));
  async function one(i) {
    const name = names[i % names.length];
    await kinds[name](i);
    done[name] += 1;
  }
  return { one, done };
};
