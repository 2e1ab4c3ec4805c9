// Keeps the staples of certificates fresh.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "control/ocsp/http_post.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/tls/stapling.h"

namespace sallyport {

/// Asks the responders of certificates on a thread of its own, which is there as soon as there is
/// somebody to ask.
/// Thread: one that calls keep(); any for metrics().
class Stapler {
 public:
  Stapler();
  ~Stapler();
  Stapler(const Stapler&) = delete;
  Stapler& operator=(const Stapler&) = delete;

  /// From now on these, each of which is asked for at once if it is new. Those that were there
  /// before go on as they were.
  void keep(std::vector<std::shared_ptr<Stapling>> staplings);

  StapleMetrics metrics() const;

 private:
  struct Job;
  class Thread;

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Stapling>> staplings_;
  std::array<std::atomic<uint64_t>, kOcspVerdicts> answers_{};
  std::unique_ptr<Thread> thread_;
};

}  // namespace sallyport
