#include "dataplane/model/route_path.h"

#include <algorithm>
#include <vector>

#include "dataplane/model/complain.h"
#include "dataplane/model/path_pattern.h"

namespace sallyport {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr std::string_view kUnreservedMarks = "-._~";  // RFC 3986 section 2.3
// What visible ASCII may not stand for itself in the path of a request.
constexpr std::string_view kOnlyEscaped = "#?\\\"<>%";

bool has(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         has(kUnreservedMarks, c);
}

bool stands_for_itself(char c) { return c > ' ' && c < 0x7f && !has(kOnlyEscaped, c); }

int hex_value(char c) {
  if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  size_t value = kHexDigits.find(c);
  return value == std::string_view::npos ? -1 : static_cast<int>(value);
}

// The character that is escaped at `at`, or -1 if there is no escape.
int escaped(std::string_view path, size_t at) {
  if (path[at] != '%' || path.size() - at < 3) return -1;
  int high = hex_value(path[at + 1]);
  int low = hex_value(path[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void escape(char c, std::string& out) {
  auto byte = static_cast<unsigned char>(c);
  out += {'%', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
}

// Calls `see` with each escaped character until it says true.
template <class See>
bool any_escape(std::string_view path, See see) {
  for (size_t i = 0; i < path.size(); ++i) {
    int c = escaped(path, i);
    if (c >= 0 && see(c)) return true;
  }
  return false;
}

// With each character as it is or escaped, whichever is its normal form.
std::string with_normal_escapes(std::string_view path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    int c = escaped(path, i);
    if (c >= 0) {
      i += 2;
      if (is_unreserved(static_cast<char>(c))) {
        out += static_cast<char>(c);
      } else {
        escape(static_cast<char>(c), out);
      }
    } else if (stands_for_itself(path[i])) {
      out += path[i];
    } else {
      escape(path[i], out);
    }
  }
  return out;
}

// Without empty segments, and without "." and ".." as RFC 3986 section 5.2.4 has it.
std::string with_plain_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool folder = true;  // whether the path ends in a slash
  for (size_t at = 0; at < path.size();) {
    size_t end = std::min(path.find('/', at), path.size());
    std::string_view segment = path.substr(at, end - at);
    folder = end < path.size() || segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
    at = end + 1;
  }
  std::string out;
  for (std::string_view segment : kept) out.append("/").append(segment);
  if (folder || out.empty()) out += '/';
  return out;
}

// "/shop" of "https://shop.example.com/shop".
std::string_view without_authority(std::string_view text) {
  size_t authority = text.find("://");
  if (authority == std::string_view::npos || text.starts_with('/')) return text;
  return text.substr(std::min(text.find('/', authority + 3), text.size()));
}

// Whether a reader that decodes escaped slashes, or drops what follows a semicolon, would see a dot
// segment where others do not. REQUIRES: `path` has normal escapes.
bool hides_dots(std::string_view path) {
  while (!path.empty()) {
    size_t end = std::min({path.find('/'), path.find("%2F"), path.find("%5C"), path.size()});
    std::string_view part = path.substr(0, end);
    std::string_view name = part.substr(0, std::min(part.find(';'), part.find("%3B")));
    if (name == "." || name == "..") return true;
    path.remove_prefix(end == path.size() ? end : end + (path[end] == '/' ? 1 : 3));
  }
  return false;
}

std::string write(std::string_view path) {
  path = without_authority(path);
  return ": write " + in_quotes(with_plain_segments(with_normal_escapes(path)));
}

// Why no client sends `text`, or empty.
std::string never_sent(std::string_view text) {
  size_t end = text.find_first_of("?#");
  std::string_view path = text.substr(0, end);
  if (end != std::string_view::npos) {
    return in_quotes(text) + (text[end] == '?' ? " has a query, which routes do not look at"
                                               : " has a fragment, which clients do not send") +
           write(path);
  }
  if (!text.starts_with('/')) {
    return in_quotes(text) + " does not begin with a slash" + write(text);
  }
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && escaped(path, i) < 0) {
      return in_quotes(text) + " has a % without two hexadecimal digits after it: write %25 for "
                               "the character itself";
    }
    if (path[i] != '%' && !stands_for_itself(path[i])) {
      return in_quotes(text) + " has a character that paths have only as an escape" + write(text);
    }
  }
  return {};
}

// Why no request has `path` once it is normal, or empty.
std::string never_normal(std::string_view path, const HttpConfig& http) {
  if (any_escape(path, [](int c) { return c == 0; })) {
    return in_quotes(path) + " can never match, for requests with %00 in their path are refused";
  }
  if (http.encoded_slashes == EncodedSlashes::Refuse &&
      any_escape(path, [](int c) { return c == '/' || c == '\\'; })) {
    return in_quotes(path) + " can never match, for http.encoded_slashes refuses requests with %2F "
                             "or %5C in their path";
  }
  std::string normal = with_plain_segments(with_normal_escapes(path));
  if (hides_dots(normal)) {
    return in_quotes(path) + " can never match, for requests with a dot segment that not every "
                             "reader sees are refused";
  }
  if (normal == path) return {};
  return in_quotes(path) + " can never match, for paths of requests are made normal before they "
                           "are looked at" + write(path);
}

}  // namespace

Result<std::string> parse_route_path(std::string_view text, PathType type,
                                     const HttpConfig& http) {
  if (type == PathType::Regex) {
    auto pattern = PathPattern::compile(text);
    return pattern ? Result<std::string>(std::string(text)) : pattern.error();
  }
  std::string wrong = never_sent(text);
  if (wrong.empty() && http.normalize_paths) wrong = never_normal(text, http);
  if (wrong.empty() && type == PathType::Prefix && text.ends_with("//")) {
    wrong = in_quotes(text) + " ends in an empty segment, which a Prefix cannot cover" +
            write(text);
  }
  if (!wrong.empty()) return Error{wrong};
  if (type == PathType::Prefix && text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace sallyport
