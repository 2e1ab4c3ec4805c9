// The staple of one certificate: whoever fetches it and whoever shows it meet here.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "dataplane/base/result.h"
#include "dataplane/tls/ocsp.h"

namespace sallyport {

/// Shared by all snapshots that have the certificate, so that a staple outlives changes of the
/// configuration, and replaces the one before in handshakes without any. Any thread.
class Stapling {
 public:
  /// `secret` is where the certificate is from, for logs and metrics. Without a question there will
  /// never be a staple.
  Stapling(std::string secret, Result<OcspQuestion> question)
      : secret_(std::move(secret)), question_(std::move(question)) {}

  const std::string& secret() const { return secret_; }
  const Result<OcspQuestion>& question() const { return question_; }

  /// What a handshake at the time `now` (seconds since 1970) may show; null: nothing.
  std::shared_ptr<const Staple> at(int64_t now) const;
  /// Null: from now on nothing. One that is older than the one in use changes nothing.
  void use(std::shared_ptr<const Staple> staple);

 private:
  const std::string secret_;
  const Result<OcspQuestion> question_;
  // Held for as long as it takes to copy a pointer, in handshakes of clients who ask for a staple.
  // A std::atomic of such a pointer is a lock as well, and one that spins.
  mutable std::mutex mutex_;
  std::shared_ptr<const Staple> staple_;
};

}  // namespace sallyport
