// The ways in which an exchange can fail; each is counted by itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sallyport::bench {

enum class FailureKind : uint8_t {
  ConnectRefused,
  ConnectFailed,  // any other reason
  Handshake,
  Reset,
  Tls,         // an alert or a broken record after the handshake
  EndedEarly,  // a clean end before the exchange was complete
  Truncated,   // TLS ended without close_notify before the exchange was complete
  ClosedIdle,  // between exchanges, unannounced
  Timeout,
  BadStatus,
  BadResponse,  // not HTTP, or more than was asked for
  Mismatch,     // other bytes than were expected
  Local,        // of this machine: out of ports or descriptors
};
inline constexpr size_t kFailureKinds = 13;

inline const char* name(FailureKind kind) {
  static constexpr std::array<const char*, kFailureKinds> kNames = {
      "connect_refused", "connect_failed", "handshake", "reset",        "tls",
      "ended_early",     "truncated",      "closed_idle", "timeout",    "bad_status",
      "bad_response",    "mismatch",       "local"};
  return kNames[static_cast<size_t>(kind)];
}

struct Failure {
  FailureKind kind;
  std::string text;
};

}  // namespace sallyport::bench
