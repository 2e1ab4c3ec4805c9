// PEM texts in memory, as OpenSSL reads and writes them.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/tls/openssl.h"

namespace sallyport {

/// Reads from `text`, which must outlive it.
inline BioPtr pem_reader(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// To be filled. It overwrites what it held when it grows and when it is freed.
inline BioPtr pem_writer() { return BioPtr(BIO_new(BIO_s_mem())); }

/// What was written. Valid until more is, and no longer than the writer.
inline std::string_view contents(BIO& writer) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&writer, &data);
  return {data, static_cast<size_t>(size)};
}

/// For every PEM_read_bio_*: without it OpenSSL would ask the terminal for a passphrase.
inline int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace sallyport
