// What must hold of parse_grpc_health_response() for any body whatever.
#pragma once

#include <string>

#include "dataplane/base/check.h"
#include "dataplane/wire/grpc_health.h"

namespace sallyport {

inline void check_grpc_health(Bytes body) {
  auto parsed = parse_grpc_health_response(body);
  if (!parsed) {
    CHECK(!parsed.error().message.empty());
    return;
  }
  CHECK(*parsed <= ServingStatus::ServiceUnknown && body.size() >= 5 && body[0] == 0);
  // One message, all of it: neither more nor less is the same.
  std::string other(as_text(body));
  CHECK(!parse_grpc_health_response(as_bytes(other + '\0')));
  CHECK(!parse_grpc_health_response(body.first(body.size() - 1)));
  // A status behind all others is the one that counts.
  if (body.size() > 1000) return;
  other += "\x08\x01";
  size_t size = other.size() - 5;
  other[3] = static_cast<char>(size >> 8);
  other[4] = static_cast<char>(size & 0xff);
  auto serving = parse_grpc_health_response(as_bytes(other));
  CHECK(serving && *serving == ServingStatus::Serving);
}

}  // namespace sallyport
