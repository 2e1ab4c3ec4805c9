// JSON with objects and lists inside each other, from values that others have written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/json_object.h"

namespace sallyport {

/// Valid whatever the values are. REQUIRES: keys are plain ASCII words.
class JsonText {
 public:
  /// A value of a list, or the whole.
  template <class Body>
  void object(Body body) {
    separate();
    open('{');
    body();
    close('}');
  }
  template <class Body>
  void object(std::string_view key, Body body) {
    put_key(key);
    open('{');
    body();
    close('}');
  }
  template <class Items, class Write>
  void list(std::string_view key, const Items& items, Write write) {
    put_key(key);
    open('[');
    for (const auto& item : items) write(item);
    close(']');
  }
  template <class Items>
  void texts(std::string_view key, const Items& items) {
    list(key, items, [this](std::string_view item) { value(item); });
  }
  void value(std::string_view text) {
    separate();
    append_json_string(out_, text);
  }
  void text(std::string_view key, std::string_view text) {
    put_key(key);
    append_json_string(out_, text);
  }
  void text_if_any(std::string_view key, std::string_view written) {
    if (!written.empty()) text(key, written);
  }
  void number(std::string_view key, uint64_t number) {
    put_key(key);
    out_ += std::to_string(number);
  }
  void boolean(std::string_view key, bool value) {
    put_key(key);
    out_ += value ? "true" : "false";
  }

  std::string take() { return std::move(out_) + "\n"; }

 private:
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void put_key(std::string_view key) {
    separate();
    append_json_string(out_, key);
    out_ += ':';
  }
  void open(char bracket) {
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }

  std::string out_;
  bool first_ = true;
};

}  // namespace sallyport
