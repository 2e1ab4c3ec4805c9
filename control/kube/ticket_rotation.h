// The ring of ticket keys that all replicas share, as the leader keeps it in a Secret.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace sallyport::kube {

/// A Secret with ticket.key (for new tickets) and ticket.key.1 to .9 (for those that come back).
struct TicketSecret {
  std::vector<std::string> keys;
  int64_t rotated = 0;    // when the newest key was made, in seconds since 1970; 0: unknown
  bool waiting = false;   // the newest is not first yet: it is still being made known
  std::string version;    // empty: there is no such Secret yet
};

Result<TicketSecret> parse_ticket_secret(std::string_view json);
/// A whole Secret for creation, or a merge patch that replaces exactly the version it was made
/// from.
std::string ticket_secret_json(const TicketSecret& secret, const std::string& space,
                               const std::string& name);

constexpr int64_t kTicketPeriodSeconds = 3600;
/// How long the others have to hear of a key before tickets are made with it.
constexpr int64_t kTicketNoticeSeconds = 10;

/// What the ring becomes, if it is time. A key is first told to all and then used, and old ones are
/// kept for as long as a ticket may live. `random` makes the bytes of a key. Pure.
std::optional<TicketSecret> rotated(const TicketSecret& secret, int64_t now_seconds,
                                    const std::function<std::string()>& random);

}  // namespace sallyport::kube
