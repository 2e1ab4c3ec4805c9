// How and by whom a connection ended: one enum for logs, metrics and the code that closes.
#pragma once

#include <cstdint>

namespace sallyport {

enum class Reason : uint8_t {
  Closed,                     // both directions ended as they should
  ClientReset,
  ClientTruncated,            // cut: TLS without close_notify, or in the middle of a message
  ClientKeyUpdate,            // asked for new keys while the kernel encrypted
  ClientLeft,                 // gone before it had said whom it wanted
  BackendReset,
  BackendTruncated,
  BackendKeyUpdate,
  ProxyHeaderMissing,
  ProxyHeaderMalformed,
  ProxyHeaderUntrusted,
  HelloTimeout,
  HelloTooLarge,
  HelloMalformed,
  NotTls,
  UnknownSni,
  NoSni,
  SiteRefuses,                // everything, as configured
  ClientHandshakeFailed,
  ClientHandshakeTimeout,
  ClientCertificateMissing,
  ClientCertificateRejected,
  NoEndpoint,                 // the service has no address to connect to
  ConnectFailed,              // every endpoint that was tried refused
  ConnectTimeout,
  BackendHandshakeFailed,
  BackendHandshakeTimeout,
  BackendCertificateRejected,
  IdleTimeout,
  HalfClosedTimeout,
  DrainTimeout,
  OverConnections,
  OverConnectionsPerClient,
  // Of HTTP. A connection that ended between two requests, or as the last one asked, is Closed.
  KeepAliveTimeout,           // no further request came
  HeaderTimeout,              // a head, or a first request, did not come in time
  BodyTimeout,
  RequestRefused,             // a head or body that has no one meaning
  RequestTooLarge,            // more head, fields or body than is allowed
  ResponseRefused,            // a body that has no one meaning, after a head that had
  ResponseTimeout,
  ResponseIdleTimeout,
  RequestTimeout,
  TunnelIdleTimeout,
  Http2Error,                 // a client broke the rules of HTTP/2
  Http2Flood,                 // a client made more of frames or resets than it had answers
  Count,
};

enum class Side : uint8_t { Client, Backend, Proxy };

const char* name(Reason);  // "idle_timeout"
const char* name(Side);    // "client"

/// Who a reason blames. For Closed it is whoever ended first, which only the session knows.
Side side_of(Reason);

/// The limits of model/config.h by their keys: a reason that is a limit reached has one.
enum class Limit : uint8_t {
  Connections,
  ConnectionsPerClient,
  HelloSize,
  HelloTimeout,
  HandshakeTimeout,
  ConnectTimeout,
  ConnectAttempts,
  IdleTimeout,
  HalfClosedTimeout,
  PipeMemory,
  TurnBytes,
  HeaderSize,
  HeaderCount,
  HeaderTimeout,
  BodySize,
  BodyTimeout,
  KeepAliveTimeout,
  ResponseTimeout,
  ResponseIdleTimeout,
  RequestTimeout,
  TunnelIdleTimeout,
  BackendIdleConnections,
  BackendIdleTimeout,
  Http2Streams,
  Http2Resets,
  Http2ControlFrames,
  Count,
};

const char* name(Limit);  // as the configuration's key: "hello_timeout"

}  // namespace sallyport
