#include "dataplane/relay/affinity.h"

namespace sallyport {

namespace {

constexpr size_t kMostOfValue = 256;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view cookie_value(const FieldList& fields, std::string_view name) {
  for (const Field& field : fields.all()) {
    if (!same_name(field.name, "cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      size_t end = rest.find(';');
      std::string_view pair = trimmed(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (!pair.starts_with(name) || pair.size() <= name.size() || pair[name.size()] != '=') {
        continue;
      }
      std::string_view value = pair.substr(name.size() + 1);
      return value.size() <= kMostOfValue ? value : std::string_view();
    }
  }
  return {};
}

// FNV-1a.
uint64_t affinity_hash(std::string_view value) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : value) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace sallyport
