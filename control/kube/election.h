// Who leads, by a Lease: decided from what is seen of it and when. Pure: time is given.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/result.h"

namespace sallyport::kube {

/// coordination.k8s.io/v1 Lease, as far as it is used.
struct Lease {
  std::string holder;    // empty: nobody
  int64_t duration_seconds = 0;
  std::string acquired, renewed;  // as written: other clocks are not believed
  int64_t transitions = 0;
  std::string version;
  bool operator==(const Lease&) const = default;
};

Result<Lease> parse_lease(std::string_view json);
/// With a version: for an update; without: for a creation.
std::string lease_json(const Lease& lease, const std::string& space, const std::string& name);

/// A MicroTime: RFC 3339 with microseconds, which the API server insists on.
std::string micro_time(WallTime time);

/// One candidate. A lease is over when it has been seen unchanged, on our own clock, for four
/// fifths of what its holder said: so clocks of machines need not agree, and whoever follows, who
/// may have seen the last renewal a look later, still begins within the lease's time. The holder
/// itself stops sooner, so that what it has asked for last is over, too.
class Election {
 public:
  using Clock = std::chrono::steady_clock;

  Election(std::string who, Millis duration) : who_(std::move(who)), duration_(duration) {}

  /// What to write, given what the server has (none: there is no lease), or nothing for now.
  std::optional<Lease> decide(const std::optional<Lease>& seen, Clock::time_point now,
                              WallTime wall);
  /// What decide() said has been written at `asked`, when the request was made.
  void written(const Lease& lease, Clock::time_point asked);
  /// For the end: what gives it up, if we hold it.
  std::optional<Lease> release(WallTime wall) const;

  /// We hold it, and nobody can think otherwise yet. A leader that cannot renew stops a while
  /// before the others may begin.
  bool leads(Clock::time_point now) const;
  /// When to look again: often, and at the moment at which the lease of another is over.
  Millis pause(Clock::time_point now) const;

 private:
  Clock::time_point over_at() const;

  std::string who_;
  Millis duration_;
  std::optional<Lease> seen_;
  Clock::time_point seen_at_{};
  std::optional<Lease> ours_;
  Clock::time_point renewed_at_{};
};

}  // namespace sallyport::kube
