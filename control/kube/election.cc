#include "control/kube/election.h"

#include "control/kube/json_field.h"
#include "dataplane/base/json_object.h"
#include "dataplane/base/timestamp.h"

namespace sallyport::kube {

std::string micro_time(WallTime time) {
  char text[kTimestampSize];
  write_timestamp(time, text);
  return {text, sizeof text};
}

Result<Lease> parse_lease(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(simdjson::padded_string(json)).get(document)) return Error{"not JSON"};
  std::string error;
  JsonField root(document, error);
  JsonField spec = root["spec"];
  Lease lease;
  lease.version = root["metadata"]["resourceVersion"].text();
  lease.holder = spec["holderIdentity"].text();
  lease.acquired = spec["acquireTime"].text();
  lease.renewed = spec["renewTime"].text();
  lease.duration_seconds = spec["leaseDurationSeconds"].number(0);
  lease.transitions = spec["leaseTransitions"].number(0);
  if (!error.empty()) return Error{error};
  if (lease.version.empty()) return Error{"a Lease without a resourceVersion"};
  return lease;
}

std::string lease_json(const Lease& lease, const std::string& space, const std::string& name) {
  std::string out = R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":)";
  JsonObject metadata(out);
  metadata.text("name", name);
  metadata.text("namespace", space);
  if (!lease.version.empty()) metadata.text("resourceVersion", lease.version);
  metadata.end();
  out += R"(,"spec":)";
  JsonObject spec(out);
  spec.text("holderIdentity", lease.holder);
  spec.number("leaseDurationSeconds", lease.duration_seconds);
  spec.text("acquireTime", lease.acquired);
  spec.text("renewTime", lease.renewed);
  spec.number("leaseTransitions", lease.transitions);
  spec.end();
  return out + "}";
}

std::optional<Lease> Election::decide(const std::optional<Lease>& seen, Clock::time_point now,
                                      WallTime wall) {
  bool changed = seen.has_value() != seen_.has_value() || (seen && !(*seen == *seen_));
  if (changed) {
    seen_ = seen;
    seen_at_ = now;
  }
  Lease next;
  next.holder = who_;
  next.duration_seconds = std::chrono::ceil<Seconds>(duration_).count();
  next.renewed = next.acquired = micro_time(wall);
  if (!seen) return next;
  next.version = seen->version;
  next.transitions = seen->transitions;
  if (seen->holder == who_) {
    // Renewed at every second look: often enough that one may fail.
    if (now - renewed_at_ < duration_ / 6 && ours_) return {};
    next.acquired = seen->acquired.empty() ? next.renewed : seen->acquired;
    return next;
  }
  ours_.reset();
  if (!seen->holder.empty() && now < over_at()) return {};
  ++next.transitions;
  return next;
}

void Election::written(const Lease& lease, Clock::time_point asked) {
  seen_ = ours_ = lease;
  seen_at_ = renewed_at_ = asked;
}

std::optional<Lease> Election::release(WallTime wall) const {
  if (!ours_) return {};
  Lease free = *ours_;
  free.holder.clear();
  free.duration_seconds = 1;
  free.renewed = micro_time(wall);
  return free;
}

// What is asked for at the end of it has a quarter of the duration to be answered (Leader::ask),
// and is over before anybody else begins.
bool Election::leads(Clock::time_point now) const {
  return ours_ && now - renewed_at_ < duration_ * 11 / 20;
}

Election::Clock::time_point Election::over_at() const {
  return seen_at_ + Millis(Seconds(std::max<int64_t>(seen_->duration_seconds, 1))) * 4 / 5;
}

Millis Election::pause(Clock::time_point now) const {
  Millis look = duration_ / 10;
  bool followed = seen_ && seen_->holder != who_ && now < over_at();
  return followed ? std::min(look, std::chrono::ceil<Millis>(over_at() - now)) : look;
}

}  // namespace sallyport::kube
