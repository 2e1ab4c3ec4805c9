// What the gRPC client and server of these tests speak: JSON, in all four shapes of call.
'use strict';
const pack = (value) => Buffer.from(JSON.stringify(value));
const unpack = (bytes) => JSON.parse(bytes.toString());
const method = (name, requestStream, responseStream) => ({
  path: `/sallyport.Test/${name}`,
  requestStream,
  responseStream,
  requestSerialize: pack,
  requestDeserialize: unpack,
  responseSerialize: pack,
  responseDeserialize: unpack,
});

module.exports = {
  unary: method('Unary', false, false),
  collect: method('Collect', true, false),
  spread: method('Spread', false, true),
  echo: method('Echo', true, true),
  never: method('Never', false, false),
  late: method('Late', false, false),
  torn: method('Torn', false, true),
};
