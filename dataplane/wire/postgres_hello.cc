#include "dataplane/wire/postgres_hello.h"

namespace sallyport {

namespace {

constexpr uint8_t kTlsHandshake = 0x16;
constexpr uint32_t kCancelRequest = 80877102, kSslRequest = 80877103, kGssRequest = 80877104;
constexpr uint32_t kMostStartup = 10000;  // as PostgreSQL's MAX_STARTUP_PACKET_LENGTH

uint32_t number_at(Bytes bytes, size_t at) {
  return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 | uint32_t{bytes[at + 2]} << 8 |
         uint32_t{bytes[at + 3]};
}

}  // namespace

PostgresHello parse_postgres_hello(Bytes received) {
  if (!received.empty() && received[0] == kTlsHandshake) return PostgresHello::Tls;
  if (!received.empty() && received[0] != 0) return PostgresHello::Malformed;
  if (received.size() < kPostgresRequestSize) return PostgresHello::NeedMore;
  uint32_t size = number_at(received, 0), code = number_at(received, 4);
  if (size < kPostgresRequestSize || size > kMostStartup) return PostgresHello::Malformed;
  switch (code) {
    case kSslRequest:
    case kGssRequest:
      if (size != kPostgresRequestSize) return PostgresHello::Malformed;
      return code == kSslRequest ? PostgresHello::SslRequest : PostgresHello::GssRequest;
    case kCancelRequest: return PostgresHello::InTheClear;
    default: break;
  }
  return code >> 16 == 3 ? PostgresHello::InTheClear : PostgresHello::Malformed;
}

std::string postgres_error(std::string_view code, std::string_view message) {
  std::string fields;
  for (auto [type, value] : {std::pair<char, std::string_view>{'S', "FATAL"},
                             {'V', "FATAL"},
                             {'C', code},
                             {'M', message}}) {
    fields += type;
    fields += value;
    fields += '\0';
  }
  fields += '\0';
  size_t size = fields.size() + 4;
  std::string whole = "E";
  for (int shift : {24, 16, 8, 0}) whole += static_cast<char>(size >> shift & 0xff);
  return whole + fields;
}

}  // namespace sallyport
