#include "dataplane/session/grpc.h"

#include "dataplane/wire/http_char.h"

namespace sallyport {

bool is_grpc(const FieldList& fields) {
  constexpr std::string_view kType = "application/grpc";
  const Field* type = fields.find(FieldName::ContentType);
  if (!type || type->value.size() < kType.size()) return false;
  std::string_view rest = type->value.substr(kType.size());
  return same_name(type->value.substr(0, kType.size()), kType) &&
         (rest.empty() || rest.front() == '+' || rest.front() == ';');
}

std::optional<Micros> grpc_timeout(const FieldList& fields) {
  constexpr size_t kDigitsMost = 8;
  for (const Field& field : fields.all()) {
    if (field.id != FieldName::Other || !same_name(field.name, "grpc-timeout")) continue;
    std::string_view value = field.value;
    if (value.size() < 2 || value.size() > kDigitsMost + 1) return std::nullopt;
    std::string_view digits = value.substr(0, value.size() - 1);
    if (!all_chars(kDigit, digits)) return std::nullopt;
    int64_t count = 0;
    for (char c : digits) count = count * 10 + (c - '0');
    switch (value.back()) {
      case 'H': return Micros(count * 3'600'000'000);
      case 'M': return Micros(count * 60'000'000);
      case 'S': return Micros(count * 1'000'000);
      case 'm': return Micros(count * 1'000);
      case 'u': return Micros(count);
      case 'n': return Micros(count / 1'000);
      default: return std::nullopt;
    }
  }
  return std::nullopt;
}

uint8_t grpc_status(uint16_t http_status) {
  switch (http_status) {
    case 400: return 13;  // internal
    case 401: return 16;  // unauthenticated
    case 403: return 7;   // permission denied
    case 404: return 12;  // unimplemented
    case 408: return 1;   // cancelled
    case 413:
    case 431: return 8;   // resource exhausted
    case 504: return 4;   // deadline exceeded
    case 421:
    case 429:
    case 502:
    case 503: return 14;  // unavailable
    default: return http_status < 500 ? 13 : 2;  // unknown
  }
}

}  // namespace sallyport
