#include "dataplane/wire/uri_path.h"

#include <algorithm>

#include "dataplane/base/check.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace {

char upper_hex(char c) { return c >= 'a' ? static_cast<char>(c - 0x20) : c; }

// One path on its way from one buffer to the other. `at` never falls behind the end of what is
// written.
class Normalizer {
 public:
  Normalizer(std::string_view path, EncodedSlash slashes, MutableBytes out)
      : path_(path), slashes_(slashes), out_(reinterpret_cast<char*>(out.data())) {}

  PathStatus run() {
    put('/');
    at_ = 1;
    while (at_ < path_.size()) {
      while (at_ < path_.size() && path_[at_] == '/') ++at_;
      size_t begin = size_;
      while (at_ < path_.size() && path_[at_] != '/') {
        if (PathStatus status = take(); status != PathStatus::Ok) return status;
      }
      if (PathStatus status = end_segment(begin); status != PathStatus::Ok) return status;
    }
    return PathStatus::Ok;
  }

  size_t size() const { return size_; }

 private:
  void put(char c) { out_[size_++] = c; }

  PathStatus take() {
    char c = path_[at_];
    if (c == '%') return take_escape();
    if (!is_char(kPathChar, c)) return PathStatus::Malformed;
    put(c);
    ++at_;
    return PathStatus::Ok;
  }

  PathStatus take_escape() {
    if (path_.size() - at_ < 3) return PathStatus::Malformed;
    char high = path_[at_ + 1], low = path_[at_ + 2];
    if (!is_char(kHexDigit, high) || !is_char(kHexDigit, low)) return PathStatus::Malformed;
    auto value = static_cast<uint8_t>(hex_value(high) << 4 | hex_value(low));
    bool slash = value == '/' || value == '\\';
    if (value == 0) return PathStatus::EncodedNul;
    if (slash && slashes_ == EncodedSlash::Refuse) return PathStatus::EncodedSlash;
    if (is_char(kUnreservedChar, value)) {
      put(static_cast<char>(value));
    } else {
      put('%');
      put(upper_hex(high));
      put(upper_hex(low));
    }
    at_ += 3;
    return PathStatus::Ok;
  }

  // What was written from `begin` on is a whole segment; a slash may follow it.
  PathStatus end_segment(size_t begin) {
    std::string_view segment(out_ + begin, size_ - begin);
    bool slash = at_ < path_.size();
    if (segment == ".") {
      size_ = begin;
    } else if (segment == "..") {
      if (begin == 1) return PathStatus::AboveRoot;
      size_ = begin - 1;
      while (out_[size_ - 1] != '/') --size_;
    } else if (hides_dots(segment)) {
      return PathStatus::HiddenDots;
    } else if (slash) {
      put('/');
    }
    return PathStatus::Ok;
  }

  static bool hides_dots(std::string_view segment) {
    while (!segment.empty()) {
      size_t end = std::min(segment.find("%2F"), segment.find("%5C"));
      std::string_view part = segment.substr(0, end);
      std::string_view name = part.substr(0, std::min(part.find(';'), part.find("%3B")));
      if (name == "." || name == "..") return true;
      segment.remove_prefix(end == std::string_view::npos ? segment.size() : end + 3);
    }
    return false;
  }

  std::string_view path_;
  EncodedSlash slashes_;
  char* out_;
  size_t at_ = 0;
  size_t size_ = 0;
};

}  // namespace

const char* text(PathStatus status) {
  switch (status) {
    case PathStatus::Ok: return "nothing";
    case PathStatus::Malformed: return "a malformed path";
    case PathStatus::AboveRoot: return "a path that leads above its root";
    case PathStatus::EncodedSlash: return "an escaped slash or backslash in the path";
    case PathStatus::EncodedNul: return "an escaped NUL in the path";
    case PathStatus::HiddenDots: return "a dot segment that not every reader sees";
  }
  return "";
}

PathStatus normalize_path(std::string_view path, EncodedSlash slashes, MutableBytes out,
                          size_t& size) {
  DCHECK(path.starts_with('/') && out.size() >= path.size());
  Normalizer normalizer(path, slashes, out);
  PathStatus status = normalizer.run();
  size = normalizer.size();
  return status;
}

bool is_normal_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    // An escape may be in its normal form: that is left to normalize_path().
    if (!is_char(kPathChar, path[i]) || path[i] == '%') return false;
    // So may a name that begins with a dot.
    if (path[i] == '/' && (path[i + 1] == '/' || path[i + 1] == '.')) return false;
  }
  return is_char(kPathChar, path.back()) && path.back() != '%';
}

}  // namespace sallyport
