// What a PostgreSQL client says first: whether it wants TLS ("SSL" there). Sections are those of
// PostgreSQL's manual, "Frontend/Backend Protocol".
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/bytes.h"

namespace sallyport {

enum class PostgresHello : uint8_t {
  NeedMore,
  SslRequest,  // wants TLS, and waits for one byte: 'S' or 'N'
  GssRequest,  // wants GSSAPI's encryption, and waits for one byte: 'G' or 'N'
  Tls,         // begins with TLS, without having asked
  InTheClear,  // does without: a StartupMessage, or a CancelRequest
  Malformed,
};

/// Both requests have this size, and nothing may follow until they are answered.
inline constexpr size_t kPostgresRequestSize = 8;
inline constexpr std::array<uint8_t, kPostgresRequestSize> kPostgresSslRequest = {
    0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};

PostgresHello parse_postgres_hello(Bytes received);

/// An ErrorResponse that ends the connection. `code` is an SQLSTATE; neither text has a zero byte.
std::string postgres_error(std::string_view code, std::string_view message);

}  // namespace sallyport
