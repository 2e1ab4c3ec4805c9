// Counters of one worker. The worker alone writes them, anyone may read them at any time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/model/kernel_tls.h"
#include "dataplane/observe/count.h"
#include "dataplane/observe/handshake_metrics.h"
#include "dataplane/observe/http_metrics.h"
#include "dataplane/observe/reason.h"

namespace sallyport {

constexpr size_t kReasons = static_cast<size_t>(Reason::Count);
constexpr size_t kLimits = static_cast<size_t>(Limit::Count);

/// Of connections whose TLS was offered to the kernel.
struct KernelTlsMetrics {
  /// By what it has: nothing, receiving, sending, both; and why it has not sending, or then
  /// receiving.
  Count connections[4][kKernelTlsFaults];
  Count key_updates;  // connections that were ended by one
};

struct alignas(64) WorkerMetrics {
  Count accepted;
  Count open;                                   // gauge
  Count ended[kScenarios][kReasons];
  Count bytes_from_client[kScenarios];
  Count bytes_from_backend[kScenarios];
  Count limit_reached[kLimits];
  Count accept_backoffs;
  HandshakeMetrics tls;
  KernelTlsMetrics kernel_tls[2];               // by side: client, backend
  Count connects;                               // attempts towards endpoints
  Count connect_failures;
  Count backend_opened;                         // connections for HTTP, ready for a request
  Count backend_reuses;                         // requests that went out on a kept one
  Count backend_stale;                          // kept ones that turned out dead when reused
  Count backend_idle;                           // gauge: kept
  Count pipes;                                  // gauge: kernel pipes that exist
  Count spliced_bytes;
  Count log_lines_dropped;
  HttpMetrics http;
};

/// Of OCSP staples.
struct StapleMetrics {
  struct Staple {
    std::string secret;
    bool valid = false;
    uint64_t age_seconds = 0;  // of a valid one: since its responder knew it
  };
  std::vector<Staple> staples;  // of certificates that shall have one
  /// Answers of responders, by what they came to: good, revoked, unknown, unusable.
  std::vector<std::pair<const char*, uint64_t>> answers;
};

/// When secrets in use expire.
struct ExpiryMetrics {
  struct Expiry {
    std::string secret;
    int64_t at = 0;  // seconds since 1970
  };
  /// The first to expire come first; of very many the rest is left out.
  std::vector<Expiry> certificates, revocation_lists;
  uint64_t certificates_in_use = 0;  // all of them
};

struct TicketKeyMetrics {
  uint64_t keys = 0;
  uint64_t newest_age_seconds = 0;
};

/// Facts of the whole process that are not counted by workers.
struct ProcessMetrics {
  std::string version;
  uint64_t reloads_applied = 0;
  uint64_t reloads_refused = 0;
  bool last_reload_ok = true;
  int64_t last_reload_at = 0;  // seconds since 1970
  uint64_t resolver_failures = 0;
  // How much was done for all configurations so far.
  uint64_t files_read = 0, secrets_read = 0;
  uint64_t sites_built = 0, services_built = 0, contexts_built = 0, certificates_parsed = 0;
  uint64_t certificates_unchecked = 0, certificates_bad = 0;
  uint64_t listeners = 0, sites = 0, services = 0;
  bool draining = false;
  StapleMetrics staples;
  ExpiryMetrics expiries;
  TicketKeyMetrics ticket_keys;
};

}  // namespace sallyport
