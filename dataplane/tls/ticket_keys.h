// The keys of TLS session tickets: one ring of secrets for all, and each policy's own keys from it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace sallyport {

/// Random bytes, the newest for new tickets, all of them for those that come back. Either given
/// from outside, so that several proxies open each other's tickets, or made here, and then replaced
/// by time: a ticket is good for two hours, and whoever gets hold of a secret shall not read what
/// was said long before. Any thread.
class TicketRing {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes kPeriod{60};
  static constexpr size_t kKept = 4;  // of our own: the newest, and those of the last two hours

  TicketRing();
  ~TicketRing();

  /// `secrets` has one or more, the first for new tickets; or none: from now on our own.
  void use(const std::vector<std::string>& secrets);

  struct State {
    uint64_t version = 0;  // another one for other secrets
    std::vector<std::string> secrets;
    ~State();
  };
  std::shared_ptr<const State> current(Clock::time_point now = Clock::now());

  struct Age {
    bool own = true;  // made here
    size_t keys = 0;
    std::chrono::seconds newest{0};  // since it came into use here
  };
  Age age(Clock::time_point now = Clock::now());

  /// Whether these can be used: 48 or 80 bytes each, as other servers' ticket keys are.
  static Result<void> check(const std::vector<std::string>& secrets);

 private:
  void replace(std::vector<std::string> secrets, Clock::time_point now);
  void rotate(Clock::time_point now);

  std::mutex mutex_;
  std::shared_ptr<const State> state_;
  bool own_ = true;
  Clock::time_point made_{};
  Clock::time_point newest_{};  // when the first secret came
};

/// Of one policy. A ticket of another policy has a name that nobody here knows. Any thread.
class TicketKeys {
 public:
  struct Key {
    unsigned char name[16];
    unsigned char cipher[32];
    unsigned char mac[32];
    ~Key();
  };
  using Keys = std::vector<Key>;

  TicketKeys(std::shared_ptr<TicketRing> ring, std::string policy)
      : ring_(std::move(ring)), policy_(std::move(policy)) {}

  /// The first is for new tickets.
  std::shared_ptr<const Keys> current();

 private:
  std::shared_ptr<TicketRing> ring_;
  std::string policy_;
  std::mutex mutex_;
  uint64_t version_ = 0;
  std::shared_ptr<const Keys> keys_;
};

}  // namespace sallyport
