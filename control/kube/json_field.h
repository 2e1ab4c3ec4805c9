// Reading JSON whose writer cannot be trusted: every field may be missing, null, or of another
// type. The first that is wrong is remembered with its path; the rest then reads as missing.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "control/kube/objects.h"

namespace sallyport::kube {

/// A field of a document, which may not be there. Cheap to make: it knows its parent, and what its
/// path is is found out when somebody must be told.
/// REQUIRES: the document, `error` and the parents outlive it.
class JsonField {
 public:
  /// The document itself.
  JsonField(simdjson::dom::element value, std::string& error)
      : value_(value), there_(true), error_(error) {
    check(value.is_object(), "an object");
  }

  /// A field of an object; not there when it is missing or null, or when this is.
  JsonField operator[](const char* key) const {
    JsonField child(*this, key, -1);
    simdjson::dom::object object;
    simdjson::dom::element found;
    if (there_ && !value_.get(object) && !object.at_key(key).get(found)) child.set(found);
    return child;
  }

  bool there() const { return there_; }
  bool is_text() const { return there_ && value_.is_string(); }
  bool is_number() const { return there_ && value_.is_int64(); }

  std::string text() const {
    std::string_view view;
    if (!there_ || !check(!value_.get(view), "a string")) return {};
    return std::string(view);
  }

  std::string_view view() const {
    std::string_view view;
    if (!there_ || !check(!value_.get(view), "a string")) return {};
    return view;
  }

  bool boolean(bool otherwise) const {
    bool value = otherwise;
    if (there_) check(!value_.get(value), "true or false");
    return value;
  }

  int64_t number(int64_t otherwise) const {
    int64_t value = otherwise;
    if (there_) check(!value_.get(value), "a number");
    return value;
  }

  uint16_t port() const {
    int64_t number = 0;
    if (!there_ || !check(!value_.get(number), "a number")) return 0;
    if (!check(number >= 0 && number <= 65535, "a port from 1 to 65535")) return 0;
    return static_cast<uint16_t>(number);
  }

  /// Calls `f(item)` for each item of an array.
  template <class F>
  void each(F f) const {
    simdjson::dom::array array;
    if (!there_ || !check(!value_.get(array), "a list")) return;
    int64_t index = 0;
    for (simdjson::dom::element item : array) {
      JsonField child(*this, nullptr, index++);
      child.set(item);
      if (!child.there_) child.check(false, "there, not null");
      f(child);
    }
  }

  /// Calls `f(key, value)` for each member of an object whose value is text.
  template <class F>
  void each_text(F f) const {
    simdjson::dom::object object;
    if (!there_ || !check(!value_.get(object), "an object")) return;
    for (auto [key, value] : object) {
      JsonField child(*this, nullptr, -1);
      child.member_ = key;
      child.set(value);
      if (child.there_) f(key, child.view());
    }
  }

  /// Remembers `wanted` as what this should be, unless `right` or something was wrong before.
  bool check(bool right, const char* wanted) const {
    if (!right && error_.empty()) {
      append_path(error_);
      if (error_.empty()) error_ = "the object";
      error_ += std::string(": must be ") + wanted;
    }
    return right;
  }

 private:
  JsonField(const JsonField& parent, const char* key, int64_t index)
      : error_(parent.error_), parent_(&parent), key_(key), index_(index) {}

  void set(simdjson::dom::element value) {
    value_ = value;
    there_ = !value.is_null();
  }

  void append_path(std::string& out) const {
    if (!parent_) return;
    parent_->append_path(out);
    if (index_ >= 0) {
      out += "[" + std::to_string(index_) + "]";
    } else if (key_) {
      if (!out.empty()) out += '.';
      out += key_;
    } else {
      out += "[\"" + std::string(member_) + "\"]";
    }
  }

  simdjson::dom::element value_;
  bool there_ = false;
  std::string& error_;
  const JsonField* parent_ = nullptr;
  const char* key_ = nullptr;
  std::string_view member_;
  int64_t index_ = -1;
};

}  // namespace sallyport::kube
