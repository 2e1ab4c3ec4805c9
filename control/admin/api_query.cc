#include "control/admin/api_query.h"

#include <algorithm>
#include <charconv>

namespace sallyport {

namespace {

constexpr size_t kShownMost = 10'000;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "%2a.example" is "*.example".
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    int high = digit(text[i + 1]), low = digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

}  // namespace

std::optional<ApiQuery> parse_api_query(std::string_view query) {
  constexpr std::string_view kLimit = "limit=", kName = "name=";
  ApiQuery parsed;
  while (!query.empty()) {
    size_t end = std::min(query.find('&'), query.size());
    std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.starts_with(kName)) {
      auto name = decoded(part.substr(kName.size()));
      if (!name) return std::nullopt;
      parsed.name = *std::move(name);
    } else if (part.starts_with(kLimit)) {
      part.remove_prefix(kLimit.size());
      auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), parsed.most);
      if (error != std::errc() || stop != part.data() + part.size()) return std::nullopt;
    }
  }
  parsed.most = std::min(parsed.most, kShownMost);
  return parsed;
}

}  // namespace sallyport
