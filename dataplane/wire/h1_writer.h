// Writing heads of HTTP/1.1 into memory that somebody else owns.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "dataplane/base/bytes.h"

namespace sallyport {

/// Cheap enough to be used for each field of each request. When the room does not suffice, nothing
/// more is written and overflown() says so.
/// REQUIRES: names and values contain no CR, LF or NUL: they come from a parser that refuses them,
/// or are ours.
class H1Writer {
 public:
  explicit H1Writer(MutableBytes room)
      : begin_(room.data()), at_(begin_), end_(begin_ + room.size()) {}

  void put(std::string_view text) {
    if (static_cast<size_t>(end_ - at_) < text.size()) {
      overflown_ = true;
      end_ = at_;  // a smaller piece behind this one must not fit either
      return;
    }
    if (text.empty()) return;  // maybe a view of nothing, which memcpy does not take
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void put(char c) { put(std::string_view(&c, 1)); }
  void put_number(uint64_t number);
  void field(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }
  void field(std::string_view name, uint64_t number) {
    put(name);
    put(": ");
    put_number(number);
    put("\r\n");
  }
  /// REQUIRES: a status of three digits.
  void status_line(uint16_t status, std::string_view reason);

  bool overflown() const { return overflown_; }
  size_t size() const { return static_cast<size_t>(at_ - begin_); }
  Bytes written() const { return {begin_, size()}; }

 private:
  uint8_t* begin_;
  uint8_t* at_;
  uint8_t* end_;
  bool overflown_ = false;
};

/// "Not Found"; an empty text for statuses that neither RFC 9110 nor its companions name.
std::string_view reason_phrase(uint16_t status);

}  // namespace sallyport
