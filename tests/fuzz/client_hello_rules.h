// What must hold of parse_client_hello() for any bytes whatever. Shared by the fuzz target and by
// the unit test that runs the corpus, so that a finding stays found without clang.
#pragma once

#include <algorithm>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/wire/client_hello.h"

namespace sallyport {

constexpr size_t kHelloLimit = 64 * 1024;

struct HelloLook {
  HelloStatus status;
  ClientHello hello;
  size_t need = 0;
};

inline HelloLook look_at_hello(Bytes received, size_t limit = kHelloLimit) {
  HelloLook look;
  look.status = parse_client_hello(received, limit, look.hello, look.need);
  if (look.status == HelloStatus::NeedMore) {
    CHECK(look.need > received.size());
    CHECK(look.need <= limit);
  }
  return look;
}

inline bool same_hello(const ClientHello& a, const ClientHello& b) {
  return a.sni() == b.sni() && as_text(a.alpn()) == as_text(b.alpn()) &&
         a.alpn_cut() == b.alpn_cut() && a.alpn_text() == b.alpn_text() &&
         a.version() == b.version();
}

/// The message in records of `sizes` bytes each, the last of which repeats.
inline std::vector<uint8_t> in_hello_records(Bytes message, std::vector<size_t> sizes) {
  std::vector<uint8_t> records;
  for (size_t i = 0; !message.empty(); ++i) {
    size_t size = std::min({sizes[std::min(i, sizes.size() - 1)], message.size(), size_t{16384}});
    records.insert(records.end(), {22, 3, 1, static_cast<uint8_t>(size >> 8),
                                   static_cast<uint8_t>(size)});
    records.insert(records.end(), message.begin(), message.begin() + static_cast<long>(size));
    message = message.subspan(size);
  }
  return records;
}

/// REQUIRES: `records` are whole.
inline std::vector<uint8_t> hello_message(Bytes records) {
  std::vector<uint8_t> message;
  while (!records.empty()) {
    Bytes fragment = records.subspan(5, static_cast<size_t>(records[3] << 8 | records[4]));
    message.insert(message.end(), fragment.begin(), fragment.end());
    records = records.subspan(5 + fragment.size());
  }
  return message;
}

// A part of the bytes says nothing else than all of them; and whoever only looks when `need` bytes
// are there misses nothing.
inline void check_hello_prefixes(Bytes received, const HelloLook& whole) {
  size_t step = 1 + received.size() / 512;
  for (size_t size = 0; size < received.size(); size += step) {
    HelloLook part = look_at_hello(received.first(size));
    CHECK(part.status == HelloStatus::NeedMore || part.status == whole.status);
    if (part.status == HelloStatus::Complete) CHECK(same_hello(part.hello, whole.hello));
    if (part.status == HelloStatus::NeedMore && whole.status == HelloStatus::Complete) {
      CHECK(part.need <= whole.hello.wire_size());
    }
  }
  size_t size = 0;
  HelloLook part = look_at_hello(received.first(size));
  while (part.status == HelloStatus::NeedMore && part.need <= received.size()) {
    size = part.need;
    part = look_at_hello(received.first(size));
  }
  if (part.status == HelloStatus::NeedMore) CHECK(whole.status != HelloStatus::Complete);
}

inline void check_complete_hello(Bytes received, const ClientHello& hello) {
  size_t size = hello.wire_size();
  CHECK(size <= received.size() && size <= kHelloLimit);
  CHECK(look_at_hello(received.first(size)).status == HelloStatus::Complete);
  CHECK(look_at_hello(received.first(size - 1)).status == HelloStatus::NeedMore);
  CHECK(look_at_hello(received, size).status == HelloStatus::Complete);
  CHECK(look_at_hello(received, size - 1).status == HelloStatus::TooLarge);

  constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  CHECK(hello.sni().size() <= 255);
  CHECK(hello.sni().find_first_not_of(kNameCharacters) == std::string_view::npos);
  CHECK(hello.sni().find("..") == std::string_view::npos);
  CHECK(!hello.sni().starts_with('.') && !hello.sni().ends_with('.'));
  for (Reader names(hello.alpn()); !names.empty();) {
    Bytes name;
    CHECK(names.vector(1, name) && !name.empty());
    CHECK(hello.offers_alpn(as_text(name)));
  }
}

// The same message means the same however it is cut into records.
inline void check_hello_recut(Bytes received, const ClientHello& hello) {
  std::vector<uint8_t> message = hello_message(received.first(hello.wire_size()));
  const std::vector<size_t> cuts[] = {{16384}, {1}, {3, 1, 7, 100}, {512}};
  for (const std::vector<size_t>& sizes : cuts) {
    std::vector<uint8_t> records = in_hello_records(message, sizes);
    if (records.size() > kHelloLimit) continue;
    HelloLook again = look_at_hello(records);
    CHECK(again.status == HelloStatus::Complete);
    CHECK(same_hello(again.hello, hello));
    CHECK(again.hello.wire_size() == records.size());
  }
}

inline void check_client_hello(Bytes received) {
  HelloLook whole = look_at_hello(received);
  check_hello_prefixes(received, whole);
  if (whole.status != HelloStatus::Complete) return;
  check_complete_hello(received, whole.hello);
  check_hello_recut(received, whole.hello);
}

}  // namespace sallyport
