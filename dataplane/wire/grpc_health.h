// The two messages of grpc.health.v1.Health/Check, each as gRPC puts it into a body: five bytes in
// front, of which the first says whether it is compressed and four are its length.
//
//   message HealthCheckRequest  { string service = 1; }       of grpc/health/v1/health.proto
//   message HealthCheckResponse { ServingStatus status = 1; }
//
// They are small enough, and the format of protocol buffers simple enough, to be written by hand.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/bytes.h"
#include "dataplane/base/result.h"

namespace sallyport {

enum class ServingStatus : uint8_t { Unknown = 0, Serving = 1, NotServing = 2, ServiceUnknown = 3 };
const char* name(ServingStatus status);  // "NOT_SERVING"

/// The whole body of a request. REQUIRES: `service` is UTF-8.
std::string grpc_health_request(std::string_view service);

/// What the whole body of a response says. It has to be one message, not compressed, and the
/// status, where it is given, one of the above; other fields are passed over, as every reader of
/// protocol buffers does.
Result<ServingStatus> parse_grpc_health_response(Bytes body);

}  // namespace sallyport
