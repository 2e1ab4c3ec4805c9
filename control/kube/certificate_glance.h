// A look at a certificate and a key that costs microseconds. OpenSSL 3.0 takes a millisecond to
// read such a pair, which with ten thousand Secrets is most of what a start costs; what is read
// here is only who is named and whether the two belong together. Nothing is believed because of
// it: whoever uses the pair reads it with OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::kube {

/// Whether the first certificate of `crt` (PEM) covers `host` by a DNS SAN, and `key` (PEM) holds
/// that certificate's public key. "*" is covered by every certificate. False also says: not in a
/// way that a glance could tell.
bool plainly_serves(std::string_view crt, std::string_view key, const std::string& host);

}  // namespace sallyport::kube
