// The heads of HTTP messages, whichever version they came in. Views into the bytes of the head.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/wire/http_field.h"

namespace sallyport {

enum class Method : uint8_t { Get, Head, Post, Put, Delete, Connect, Options, Trace, Patch, Other };

/// Methods are told apart by case: "get" is Other.
Method method_of(std::string_view text);

/// RFC 9110 section 9.2.2. A method that we do not know is not.
bool is_idempotent(Method method);

/// How the end of a body is known (RFC 9112 section 6.3).
enum class BodyKind : uint8_t { None, Length, Chunked, UntilClose };

struct RequestHead {
  Method method = Method::Other;
  std::string_view method_text;
  std::string_view path;       // as sent; begins with '/', or is "*" (OPTIONS)
  std::string_view query;      // with its '?'; empty without one
  std::string_view scheme;     // of an absolute target, as sent ("http", "https"); else empty
  std::string_view authority;  // of an absolute target, else of the Host field: "name[:port]"
  std::string_view host;       // of the authority: without port, brackets of IPv6 kept, as sent
  FieldList fields;
  uint8_t minor = 1;           // HTTP/1.minor
  BodyKind body = BodyKind::None;
  uint64_t length = 0;         // of BodyKind::Length
  bool keep_alive = true;
  bool expects_continue = false;  // and has a body for which it is worth while to answer
  /// The Upgrade field's value where Connection names it (RFC 9110 section 7.8); else empty.
  std::string_view upgrade;
  bool takes_trailers = false;  // TE: trailers
};

struct ResponseHead {
  uint16_t status = 0;
  std::string_view reason;
  FieldList fields;
  uint8_t minor = 1;
  BodyKind body = BodyKind::None;
  uint64_t length = 0;
  bool keep_alive = true;       // false as well with UntilClose and for a 101
  std::string_view upgrade;     // of a 101
};

}  // namespace sallyport
