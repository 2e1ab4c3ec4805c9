// What the proxy itself knows of gRPC: how long a call may take, and how a call is told that it
// failed here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/wire/http_field.h"

namespace sallyport {

/// Content-Type is application/grpc, with whatever behind '+' or ';'.
bool is_grpc(const FieldList& fields);

/// Of "grpc-timeout": one to eight digits and a unit. None: it says nothing that can be read.
std::optional<Micros> grpc_timeout(const FieldList& fields);

/// Of an answer that the proxy gives itself: 14 (unavailable) where another attempt may help, and
/// what says most of the others.
uint8_t grpc_status(uint16_t http_status);

}  // namespace sallyport
