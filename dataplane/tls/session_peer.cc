#include "dataplane/tls/session_peer.h"

#include <openssl/crypto.h>

#include <cstring>
#include <string_view>

#include "dataplane/tls/der.h"

namespace sallyport {

namespace {

// Sessions are encoded as a SEQUENCE in which the certificate is under [3], and left out where
// there is none. The values before it are moved up to those behind it, and get a header of their
// own. Empty: there is none, or this is not understood.
std::string_view without_peer(unsigned char* der, size_t size) {
  std::string_view all(reinterpret_cast<char*>(der), size);
  Der outer(all);
  std::optional<std::string_view> contents = outer.take(Der::kSequence);
  if (!contents || !outer.empty()) return {};
  Der values(*contents);
  while (!values.empty() && values.tag() != Der::kContext3) {
    if (!values.skip(values.tag())) return {};
  }
  size_t begin = size - contents->size();
  size_t peer = size - values.rest().size();
  if (!values.skip(Der::kContext3)) return {};
  size_t behind = size - values.rest().size();

  size_t gap = behind - peer;
  std::memmove(der + begin + gap, der + begin, peer - begin);
  begin += gap;
  size_t left = size - begin;
  size_t octets = left < 0x80 ? 0 : left < 0x100 ? 1 : left < 0x10000 ? 2 : 3;
  for (size_t i = 0, rest = left; i < octets; ++i, rest >>= 8) {
    der[--begin] = static_cast<unsigned char>(rest);
  }
  der[--begin] = static_cast<unsigned char>(octets == 0 ? left : 0x80 | octets);
  der[--begin] = Der::kSequence;
  return all.substr(begin);
}

}  // namespace

bool forget_peer(SSL_SESSION* session) {
  if (!SSL_SESSION_get0_peer(session)) return true;
  unsigned char* der = nullptr;
  int size = i2d_SSL_SESSION(session, &der);
  if (size <= 0) return false;
  std::string_view kept = without_peer(der, static_cast<size_t>(size));
  // One that is not understood stays as it is: that costs time, and nothing else.
  bool whole = true;
  if (!kept.empty()) {
    const auto* at = reinterpret_cast<const unsigned char*>(kept.data());
    whole = d2i_SSL_SESSION(&session, &at, static_cast<long>(kept.size())) != nullptr;
  }
  OPENSSL_clear_free(der, static_cast<size_t>(size));  // with the session's secret
  return whole;
}

}  // namespace sallyport
