#include "control/kube/annotation_reader.h"

#include <algorithm>
#include <charconv>

#include "dataplane/model/complain.h"

namespace sallyport::kube {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<std::string> split_words(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (!text.empty()) {
    size_t at = std::min(text.find(separator), text.size());
    std::string_view word = trimmed(text.substr(0, at));
    if (!word.empty()) words.emplace_back(word);
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return words;
}

std::optional<bool> parse_boolean(std::string_view text) {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t number = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<uint64_t> parse_nginx_size(std::string_view text) {
  text = trimmed(text);
  uint64_t unit = 1;
  if (!text.empty()) {
    switch (text.back()) {
      case 'k': case 'K': unit = 1024; break;
      case 'm': case 'M': unit = 1024 * 1024; break;
      case 'g': case 'G': unit = 1024 * 1024 * 1024; break;
      default: break;
    }
  }
  if (unit > 1) text.remove_suffix(1);
  std::optional<int64_t> number = parse_integer(text);
  constexpr int64_t kMost = 1 << 20;  // of the largest unit: a PiB
  if (!number || *number < 0 || (unit > 1 && *number > kMost)) return std::nullopt;
  return static_cast<uint64_t>(*number) * unit;
}

std::optional<Millis> parse_nginx_seconds(std::string_view text) {
  text = trimmed(text);
  if (text.ends_with('s')) text.remove_suffix(1);
  std::optional<int64_t> number = parse_integer(text);
  if (!number || *number < 1 || *number > 365 * 86400) return std::nullopt;
  return Millis(*number * 1000);
}

std::optional<Network> parse_network(std::string_view text) {
  if (auto network = Network::parse(text)) return network;
  size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto base = Address::parse_ip(text.substr(0, slash));
  auto bits = parse_integer(text.substr(slash + 1));
  if (!base || !bits || *bits < 0 || *bits > static_cast<int64_t>(base->ip_size() * 8)) {
    return std::nullopt;
  }
  uint8_t bytes[16] = {};
  for (size_t i = 0; i < base->ip_size(); ++i) {
    int kept = std::clamp(static_cast<int>(*bits) - static_cast<int>(i) * 8, 0, 8);
    bytes[i] = static_cast<uint8_t>(base->ip_bytes()[i] & (0xff00 >> kept));
  }
  uint32_t four = uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 |
                  bytes[3];
  Address masked = base->is_v4() ? Address::v4(four, 0) : Address::v6(bytes, 0);
  return Network::parse(masked.ip_text() + "/" + std::to_string(*bits));
}

std::optional<bool> AnnotationReader::boolean() const {
  std::optional<bool> value = parse_boolean(value_);
  if (!value) invalid("true or false");
  return value;
}

std::optional<int64_t> AnnotationReader::number(int64_t least, int64_t most) const {
  std::optional<int64_t> value = parse_integer(value_);
  if (value && *value >= least && *value <= most) return value;
  invalid("a number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<uint64_t> AnnotationReader::size() const {
  std::optional<uint64_t> value = parse_nginx_size(value_);
  if (!value) invalid("a size as nginx writes it, such as 8m, 1g, or 0 for no limit");
  return value;
}

std::optional<Millis> AnnotationReader::seconds() const {
  std::optional<Millis> value = parse_nginx_seconds(value_);
  if (!value) invalid("a number of seconds, such as 60");
  return value;
}

std::vector<std::string> AnnotationReader::list() const { return split_words(value_, ','); }

std::vector<Network> AnnotationReader::networks() const {
  std::vector<Network> networks;
  for (const std::string& word : list()) {
    auto network = parse_network(word);
    if (!network) {
      invalid("networks between commas, such as 10.0.0.0/8,192.0.2.1 (" + in_quotes(word) +
              " is none)");
      return {};
    }
    networks.push_back(*network);
  }
  return networks;
}

std::optional<std::string> AnnotationReader::line() const {
  bool good = std::none_of(value_.begin(), value_.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (good) return std::string(trimmed(value_));
  invalid("one line without control characters");
  return std::nullopt;
}

ObjectReference AnnotationReader::reference(bool qualified) const {
  ObjectReference reference;
  reference.given = true;
  size_t slash = value_.find('/');
  bool whole = slash != std::string::npos;
  reference.name.space = whole ? value_.substr(0, slash) : space();
  reference.name.name = whole ? value_.substr(slash + 1) : value_;
  bool good = !reference.name.space.empty() && !reference.name.name.empty() &&
              reference.name.name.find('/') == std::string::npos && (whole || !qualified);
  if (!good) invalid("namespace/name");
  return reference;
}

void AnnotationReader::invalid(const std::string& wanted) const {
  if (object_.kind() == Kind::ConfigMap) {
    return report(Verdict::Refused, Severity::Error, "invalid-key",
                  in_quotes(value_) + " cannot be read and does nothing: write " + wanted);
  }
  notes_.dropped = true;
  report(Verdict::Refused, Severity::Error, "invalid-annotation",
         in_quotes(value_) + " cannot be read, so the whole Ingress is left out: write " + wanted);
}

void AnnotationReader::report(Verdict verdict, Severity severity, const char* code,
                              std::string message, bool less_secure) const {
  findings_.push_back({object_.kind(), object_.name, key_, verdict, severity, code,
                       std::move(message), less_secure});
}

}  // namespace sallyport::kube
