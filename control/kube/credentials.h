// Who we are at the API server, now: tokens rotate, authorities are replaced.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "control/kube/access.h"
#include "control/kube/exec_credential.h"
#include "dataplane/base/clock.h"

namespace sallyport::kube {

/// What one request is made with.
struct Identity {
  std::string server, ca, tls_server_name;
  std::string client_crt, client_key;
  std::string token;
};

/// Reads again every minute, and when the server has refused us. Where reading fails, what was
/// read before is used on. Not thread-safe: each thread has its own.
class Credentials {
 public:
  using Load = std::function<Result<Access>()>;
  using Clock = std::chrono::steady_clock;
  static constexpr Seconds kFresh{60};

  explicit Credentials(Load load) : load_(std::move(load)) {}

  /// An error only while nothing good was ever read. May block on files, or on the exec plugin of
  /// a kubeconfig for up to 30 s.
  Result<Identity> current(Clock::time_point now, int64_t wall_seconds);
  /// The namespace that they belong to; empty when they do not say, or none were read yet.
  std::string space() const { return access_ ? access_->space : ""; }
  /// The server did not take them, or we did not take the server: something was replaced.
  void refused() { refused_ = true; }

 private:
  Result<void> reload(Clock::time_point now);
  Result<void> run_plugin(int64_t wall_seconds);

  Load load_;
  std::optional<Access> access_;
  std::optional<ExecCredential> printed_;
  Clock::time_point loaded_{};
  bool refused_ = false;
  std::string last_error_;
};

}  // namespace sallyport::kube
