// How an HTTP exchange ended: one enum for logs, metrics and the code that ends it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport {

enum class RequestEnd : uint8_t {
  Complete,         // the backend's response was passed on to its last byte
  Redirected,       // answered by the proxy, as configured: 308 and such
  Answered,         // by the proxy, as configured, with a fixed status
  Tunnelled,        // upgraded, and the tunnel ended as it should
  BadRequest,       // read as no request that has one meaning: 400, 417, 505
  NoRoute,          // no site or no route is meant: 404, 421
  Forbidden,        // a rule of the site says no: a certificate is missing, TLS is required
  TooLarge,         // head or body over a limit of ours: 413, 431
  ClientAborted,    // the client left before it had the whole response
  ClientTimedOut,   // did not send its request, or did not read its response, in time: 408
  NoEndpoint,       // the service has no address to connect to: 503
  ConnectFailed,    // every endpoint that was tried refused, TLS with it included: 502
  BackendFailed,    // no response, one we do not take, or one that broke off: 502, or a cut
  BackendTimedOut,  // connecting, the first byte or a later one took too long: 504, or a cut
  TunnelBroken,     // upgraded, and one side was reset or both stayed silent too long
  TimedOut,         // the whole of it took longer than request_timeout
  Drained,          // cut because the process ended
  Count,
};
constexpr size_t kRequestEnds = static_cast<size_t>(RequestEnd::Count);

const char* name(RequestEnd end);  // "backend_timed_out"

}  // namespace sallyport
