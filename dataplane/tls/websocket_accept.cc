#include "dataplane/tls/websocket_accept.h"

#include <openssl/evp.h>

#include <cstring>
#include <string>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

constexpr std::string_view kEveryones = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

WebSocketKey websocket_key(std::string_view random_hex) {
  WebSocketKey key;
  CHECK(random_hex.size() >= 21);
  std::memcpy(key.text.data(), random_hex.data(), 21);
  std::memcpy(key.text.data() + 21, "A==", 3);  // the last character has two bits of the 128
  return key;
}

WebSocketAccept websocket_accept(std::string_view key) {
  std::string text(key);
  text += kEveryones;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) == 1);
  WebSocketAccept accept;
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(accept.text.data()), digest,
                  static_cast<int>(size));
  return accept;
}

}  // namespace sallyport
