// Checks certificates that are in use already, one after the other, when nobody needs the CPU.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "dataplane/route/snapshot.h"

namespace sallyport {

/// A bad one harms its own sites, whose handshakes fail; it is logged and counted.
/// Thread: any.
class CertificateChecker {
 public:
  CertificateChecker() = default;
  ~CertificateChecker();
  CertificateChecker(const CertificateChecker&) = delete;
  CertificateChecker& operator=(const CertificateChecker&) = delete;

  void add(std::vector<UncheckedCertificate> certificates);

  uint64_t checked() const { return checked_; }  // since the beginning
  uint64_t bad() const { return bad_; }
  uint64_t waiting() const { return waiting_; }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<UncheckedCertificate> queue_;
  bool stop_ = false;
  std::atomic<uint64_t> checked_{0}, bad_{0}, waiting_{0};
  std::thread thread_;  // there as soon as there is something to do
};

}  // namespace sallyport
