#include "control/kube/credentials.h"

#include "dataplane/base/log.h"

namespace sallyport::kube {

namespace {

constexpr Millis kPluginMost{30'000};
// A plugin's credential is not used in its last seconds: clocks differ.
constexpr int64_t kMarginSeconds = 10;

}  // namespace

Result<Identity> Credentials::current(Clock::time_point now, int64_t wall_seconds) {
  bool refused = std::exchange(refused_, false);
  if (!access_ || refused || now - loaded_ >= kFresh) {
    Result<void> loaded = reload(now);
    if (!loaded) {
      if (loaded.error().message != last_error_) {
        log_warning("credentials of the API server cannot be read",
                    {{"error", loaded.error().message}});
      }
      last_error_ = loaded.error().message;
      if (!access_) return loaded.error();
    } else {
      last_error_.clear();
    }
  }
  if (refused) printed_.reset();
  if (Result<void> ran = run_plugin(wall_seconds); !ran) return ran.error();
  Identity identity{access_->server,     access_->ca,         access_->tls_server_name,
                    access_->client_crt, access_->client_key, access_->token};
  if (printed_) {
    if (!printed_->token.empty()) identity.token = printed_->token;
    if (!printed_->client_crt.empty()) {
      identity.client_crt = printed_->client_crt;
      identity.client_key = printed_->client_key;
    }
  }
  return identity;
}

Result<void> Credentials::reload(Clock::time_point now) {
  loaded_ = now;
  Result<Access> read = load_();
  if (!read) return read.error();
  if (!read->token_file.empty()) {
    Result<std::string> token = read_small_file(read->token_file);
    if (!token) return token.error();
    while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
    read->token = *token;
  }
  if (!access_ || access_->remarks != read->remarks) {
    for (const std::string& remark : read->remarks) {
      log_warning(remark, {}, LogSite::of_a_list());
    }
  }
  if (access_ && access_->exec != read->exec) printed_.reset();
  access_ = std::move(*read);
  return {};
}

Result<void> Credentials::run_plugin(int64_t wall_seconds) {
  if (!access_->exec) return {};
  bool good = printed_ && (printed_->expires == 0 ||
                           wall_seconds + kMarginSeconds < printed_->expires);
  if (good) return {};
  Result<ExecCredential> printed = run_exec_plugin(*access_, kPluginMost);
  if (!printed) return printed.error();
  printed_ = std::move(*printed);
  return {};
}

}  // namespace sallyport::kube
