// ClientHellos to order, right and wrong, for the tests of the wire.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

/// A TLS vector: its length in `width` bytes, then itself.
inline std::string vec(int width, std::string_view inside) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out += static_cast<char>(inside.size() >> (8 * i));
  return out.append(inside);
}

inline std::string be16(unsigned number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number)};
}

inline std::string extension(unsigned type, std::string_view data) {
  return be16(type) + vec(2, data);
}

inline std::string host_entry(std::string_view host, char type = '\0') {
  return std::string(1, type) + vec(2, host);
}

inline std::string sni_extension(std::string_view host) {
  return extension(0, vec(2, host_entry(host)));
}

inline std::string alpn_extension(std::initializer_list<std::string_view> names) {
  std::string list;
  for (std::string_view name : names) list += vec(1, name);
  return extension(16, vec(2, list));
}

inline std::string versions_extension(std::initializer_list<unsigned> versions) {
  std::string list;
  for (unsigned version : versions) list += be16(version);
  return extension(43, vec(1, list));
}

/// The fields of the message; a test changes those that it is about.
struct Hello {
  unsigned legacy_version = 0x0303;
  std::string session_id = {};
  std::string cipher_suites = {"\x13\x01\xc0\x2b", 4};
  std::string compression = std::string(1, '\0');
  std::optional<std::string> extensions = std::string();

  std::string body() const {
    std::string out = be16(legacy_version) + std::string(32, 'r') + vec(1, session_id) +
                      vec(2, cipher_suites) + vec(1, compression);
    if (extensions) out += vec(2, *extensions);
    return out;
  }
  std::string message() const { return '\1' + vec(3, body()); }
};

inline std::string record(std::string_view fragment, unsigned version = 0x0301, char type = 22) {
  return type + be16(version) + vec(2, fragment);
}

/// A hello with these extensions, in one record.
inline std::string hello_with(std::string_view extensions) {
  Hello hello;
  hello.extensions = std::string(extensions);
  return record(hello.message());
}

}  // namespace sallyport
