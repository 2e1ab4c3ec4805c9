#include "dataplane/wire/grpc_health.h"

#include <optional>

namespace sallyport {

namespace {

constexpr size_t kPrefix = 5;
constexpr uint64_t kFieldMost = (uint64_t{1} << 29) - 1;

enum WireType : uint8_t { kVarint = 0, kFixed64 = 1, kSized = 2, kFixed32 = 5 };

/// What is left of a message of protocol buffers.
class MessageReader {
 public:
  explicit MessageReader(Bytes rest) : rest_(rest) {}

  bool empty() const { return rest_.empty(); }

  // Seven bits a byte, the lowest first; 64 of them fill nine bytes and the last bit of a tenth.
  std::optional<uint64_t> varint() {
    uint64_t value = 0;
    for (size_t i = 0; i < 10 && i < rest_.size(); ++i) {
      uint8_t byte = rest_[i];
      if (i == 9 && byte > 1) return std::nullopt;
      value |= uint64_t{byte & 0x7fu} << (7 * i);
      if (byte & 0x80) continue;
      rest_ = rest_.subspan(i + 1);
      return value;
    }
    return std::nullopt;
  }

  bool skip(uint64_t size) {
    if (size > rest_.size()) return false;
    rest_ = rest_.subspan(static_cast<size_t>(size));
    return true;
  }

  bool skip_value(uint8_t wire_type) {
    switch (wire_type) {
      case kVarint: return varint().has_value();
      case kFixed64: return skip(8);
      case kFixed32: return skip(4);
      case kSized: {
        std::optional<uint64_t> size = varint();
        return size && skip(*size);
      }
      default: return false;  // groups, which proto3 does not have
    }
  }

 private:
  Bytes rest_;
};

std::string varint_text(size_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  text += static_cast<char>(value);
  return text;
}

Result<ServingStatus> parse_message(Bytes message) {
  MessageReader reader(message);
  uint64_t status = 0;
  while (!reader.empty()) {
    std::optional<uint64_t> tag = reader.varint();
    if (!tag) return Error{"a field of the message has no whole number"};
    uint64_t field = *tag >> 3;
    auto wire_type = static_cast<uint8_t>(*tag & 7);
    if (field == 0 || field > kFieldMost) return Error{"a field of the message has a wrong number"};
    if (field != 1) {
      if (!reader.skip_value(wire_type)) return Error{"a field of the message is cut short"};
      continue;
    }
    std::optional<uint64_t> value = wire_type == kVarint ? reader.varint() : std::nullopt;
    if (!value) return Error{"the status in the message is no number"};
    status = *value;
  }
  if (status > static_cast<uint64_t>(ServingStatus::ServiceUnknown)) {
    return Error{"the status " + std::to_string(status) + " is none of health.proto"};
  }
  return static_cast<ServingStatus>(status);
}

}  // namespace

const char* name(ServingStatus status) {
  switch (status) {
    case ServingStatus::Unknown: return "UNKNOWN";
    case ServingStatus::Serving: return "SERVING";
    case ServingStatus::NotServing: return "NOT_SERVING";
    case ServingStatus::ServiceUnknown: return "SERVICE_UNKNOWN";
  }
  return "UNKNOWN";
}

std::string grpc_health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += static_cast<char>(1 << 3 | kSized);
    message += varint_text(service.size());
    message += service;
  }
  std::string body(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    body += static_cast<char>(message.size() >> shift & 0xff);
  }
  return body + message;
}

Result<ServingStatus> parse_grpc_health_response(Bytes body) {
  if (body.size() < kPrefix) return Error{"the response has no whole message"};
  if (body[0] != 0) return Error{"the message is compressed, which nobody asked for"};
  size_t size = size_t{body[1]} << 24 | size_t{body[2]} << 16 | size_t{body[3]} << 8 | body[4];
  if (size > body.size() - kPrefix) return Error{"the message is cut short"};
  if (size < body.size() - kPrefix) return Error{"there is more than one message"};
  return parse_message(body.subspan(kPrefix));
}

}  // namespace sallyport
