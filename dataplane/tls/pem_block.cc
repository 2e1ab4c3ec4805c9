#include "dataplane/tls/pem_block.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace sallyport {

PemBlock::PemBlock(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ", kDashes = "-----";
  if (!text.starts_with(kBegin)) return;
  text.remove_prefix(kBegin.size());
  size_t label_size = text.find(kDashes);
  if (label_size == std::string_view::npos) return;
  std::string_view label = text.substr(0, label_size);
  text.remove_prefix(label_size + kDashes.size());
  std::string end = "-----END " + std::string(label) + "-----";
  size_t size = text.find(end);
  if (size == std::string_view::npos) return;
  label_ = label;
  decode(text.substr(0, size));
  rest_ = text.substr(size + end.size());
}

PemBlock::~PemBlock() { OPENSSL_cleanse(der_.data(), der_.size()); }

void PemBlock::decode(std::string_view base64) {
  std::string packed;
  packed.reserve(base64.size());
  for (char c : base64) {
    if (c != '\n' && c != '\r' && c != ' ') packed += c;
  }
  size_t missing = packed.ends_with("==") ? 2 : packed.ends_with("=") ? 1 : 0;
  der_.resize(packed.size() / 4 * 3);
  int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(der_.data()),
                             reinterpret_cast<const unsigned char*>(packed.data()),
                             static_cast<int>(packed.size()));
  OPENSSL_cleanse(packed.data(), packed.size());
  // What stands for missing bytes is decoded to zeros, which not every version counts.
  bool good = size >= 0 && der_.size() >= missing &&
              static_cast<size_t>(size) >= der_.size() - missing;
  if (!good) OPENSSL_cleanse(der_.data(), der_.size());
  der_.resize(good ? der_.size() - missing : 0);
}

}  // namespace sallyport
