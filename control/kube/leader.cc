#include "control/kube/leader.h"

#include <algorithm>

#include "control/kube/ticket_rotation.h"
#include "control/kube/watch_event.h"
#include "dataplane/base/log.h"
#include "dataplane/base/thread.h"
#include "dataplane/io/entropy.h"
#include "dataplane/observe/prometheus_writer.h"

namespace sallyport::kube {

namespace {

using Clock = std::chrono::steady_clock;

// Between two looks at the lease: so that many Ingresses do not cost the leadership.
constexpr size_t kMostWrites = 20;
constexpr size_t kMostEvents = 1000;   // waiting; more are not worth reading
constexpr Millis kDeadline{5'000};     // of one exchange; less for short leases
constexpr Seconds kRefusedPause{30};   // after a 403: roles change by hand
constexpr Seconds kTicketLook{2};
constexpr size_t kTicketBytes = 80;

WallTime wall_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}
int64_t wall_seconds() {
  return std::chrono::duration_cast<Seconds>(wall_now().time_since_epoch()).count();
}

Fault fault_of(const HttpAnswer& answer) {
  switch (answer.end) {
    case TransferEnd::Unreachable: return Fault::Unreachable;
    case TransferEnd::Untrusted: return Fault::Untrusted;
    case TransferEnd::Broken: return Fault::Reset;
    case TransferEnd::Silent: return Fault::Silent;
    case TransferEnd::Enough: return Fault::TooLarge;
    case TransferEnd::Complete: break;
  }
  switch (answer.head.status) {
    case 401: return Fault::Unauthorized;
    case 403: return Fault::Forbidden;
    case 404: return Fault::NotFound;
    case 429: return Fault::Throttled;
    default: return answer.head.status >= 500 ? Fault::ServerError : Fault::Unexpected;
  }
}

std::string random_key() {
  std::string bytes(kTicketBytes, '\0');
  fill_with_entropy({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

}  // namespace

Leader::Leader(LeaderSettings settings, WatchCounts& counts, std::function<void()> on_change)
    : settings_(std::move(settings)),
      counts_(counts),
      on_change_(std::move(on_change)),
      election_(settings_.who, settings_.election.duration),
      credentials_(settings_.credentials),
      client_(stop_) {
  thread_ = start_thread("kube-leader", [this] { run(); });
}

Leader::~Leader() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Leader::set_status(StatusBacklog backlog) {
  std::lock_guard lock(mutex_);
  backlog_ = std::move(backlog);
  news_ = true;
  changed_.notify_all();
}

void Leader::add_events(std::vector<EventWork> events) {
  std::lock_guard lock(mutex_);
  for (EventWork& event : events) {
    if (events_.size() < kMostEvents) events_.push_back(std::move(event));
  }
  news_ = true;
  changed_.notify_all();
}

void Leader::run() {
  while (!stop_) {
    elect();
    note_leading();
    if (leads_ && Clock::now() >= refused_until_) write_status();
    if (leads_ && Clock::now() >= refused_until_) write_events();
    if (leads_) rotate_tickets();
    pause();
  }
  std::optional<Lease> free = election_.release(wall_now());
  if (!free) return;
  stop_ = false;  // for one last exchange, with a deadline of its own
  write_lease(*free);
}

void Leader::pause() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::min<Millis>(election_.pause(Clock::now()), Millis(1'000)),
                    [this] { return stop_ || (leads_ && std::exchange(news_, false)); });
}

std::optional<HttpAnswer> Leader::ask(HttpRequest request) {
  Result<Identity> who = credentials_.current(Clock::now(), wall_seconds());
  if (!who) {
    counts_.fault("leases", Fault::Credentials, who.error().message);
    return {};
  }
  HttpAnswer answer = client_.exchange(
      request, *who, std::min<Millis>(kDeadline, settings_.election.duration / 4));
  bool refused = answer.end == TransferEnd::Untrusted || answer.head.status == 401;
  if (refused) credentials_.refused();
  return answer;
}

void Leader::report(const std::string& what, const HttpAnswer& answer) {
  if (stop_) return;
  std::string detail = answer.end == TransferEnd::Complete
                           ? std::to_string(answer.head.status) + " " +
                                 parse_status(answer.body).message
                           : answer.error;
  counts_.fault(what, fault_of(answer), detail);
}

std::string Leader::lease_path() const {
  std::string space = settings_.election.space;
  if (space.empty()) space = credentials_.space();
  return "/apis/coordination.k8s.io/v1/namespaces/" + (space.empty() ? "default" : space) +
         "/leases";
}

void Leader::elect() {
  Clock::time_point asked = Clock::now();
  // The namespace is known once credentials are.
  if (Result<Identity> who = credentials_.current(asked, wall_seconds()); !who) {
    return counts_.fault("leases", Fault::Credentials, who.error().message);
  }
  std::optional<HttpAnswer> answer =
      ask({.target = lease_path() + "/" + settings_.election.lease});
  if (!answer) return;
  std::optional<Lease> seen;
  if (answer->ok()) {
    Result<Lease> lease = parse_lease(answer->body);
    if (!lease) return counts_.fault("leases", Fault::Malformed, lease.error().message);
    seen = std::move(*lease);
  } else if (answer->end != TransferEnd::Complete || answer->head.status != 404 ||
             parse_status(answer->body).code != 404) {
    return report("leases", *answer);
  }
  counts_.success("leases");
  std::optional<Lease> next = election_.decide(seen, Clock::now(), wall_now());
  if (next) write_lease(*next);
}

bool Leader::write_lease(const Lease& lease) {
  const std::string& lease_name = settings_.election.lease;
  std::string collection = lease_path();
  std::string space = collection.substr(std::string_view("/apis/coordination.k8s.io/v1/"
                                                         "namespaces/").size());
  space = space.substr(0, space.find('/'));
  HttpRequest request{.method = lease.version.empty() ? "POST" : "PUT",
                      .target = collection + (lease.version.empty() ? "" : "/" + lease_name),
                      .body = lease_json(lease, space, lease_name),
                      .content_type = "application/json"};
  Clock::time_point asked = Clock::now();
  std::optional<HttpAnswer> answer = ask(std::move(request));
  if (!answer) return false;
  if (answer->end == TransferEnd::Complete && answer->head.status == 409) return false;  // lost
  if (!answer->ok()) {
    report("leases", *answer);
    return false;
  }
  Result<Lease> written = parse_lease(answer->body);
  if (!written) return false;
  election_.written(*written, asked);
  return true;
}

void Leader::note_leading() {
  bool leads = election_.leads(Clock::now());
  if (leads_.exchange(leads) == leads) return;
  log_info(leads ? "this replica leads" : "this replica leads no more",
           {{"lease", settings_.election.lease}, {"who", settings_.who}});
  written_.clear();
  refused_until_ = {};
  on_change_();
}

void Leader::write_status() {
  for (size_t i = 0; i < kMostWrites && !stop_ && election_.leads(Clock::now()); ++i) {
    ObjectName ingress;
    StatusWork work;
    {
      std::lock_guard lock(mutex_);
      auto next = std::find_if(backlog_.begin(), backlog_.end(), [this](const auto& entry) {
        auto done = written_.find(entry.first);
        return done == written_.end() || done->second != entry.second.version;
      });
      if (next == backlog_.end()) return;
      ingress = next->first;
      work = next->second;
    }
    if (!write_status_of(ingress, work)) return;
    written_[ingress] = work.version;
  }
  std::lock_guard lock(mutex_);
  news_ = true;  // there may be more
}

bool Leader::write_status_of(const ObjectName& ingress, const StatusWork& work) {
  std::optional<HttpAnswer> answer =
      ask({.method = "PATCH",
           .target = "/apis/networking.k8s.io/v1/namespaces/" + ingress.space + "/ingresses/" +
                     ingress.name + "/status",
           .body = status_json(work.addresses),
           .content_type = "application/merge-patch+json"});
  if (!answer) return false;
  if (answer->ok()) {
    ++statuses_;
    counts_.success("ingresses/status");
    return true;
  }
  bool gone = answer->end == TransferEnd::Complete && answer->head.status == 404;
  if (gone) return true;
  report("ingresses/status", *answer);
  if (answer->head.status == 403) refused_until_ = Clock::now() + kRefusedPause;
  // What the server will never take does not hold up the others.
  return answer->end == TransferEnd::Complete && answer->head.status == 422;
}

void Leader::write_events() {
  for (size_t i = 0; i < kMostWrites && !stop_ && election_.leads(Clock::now()); ++i) {
    EventWork event;
    {
      std::lock_guard lock(mutex_);
      if (events_.empty()) return;
      event = events_.front();
    }
    if (!write_event(event)) return;
    std::lock_guard lock(mutex_);
    if (!events_.empty()) events_.pop_front();
    news_ = !events_.empty();
  }
}

bool Leader::write_event(const EventWork& event) {
  std::string space = event.object.space.empty() ? "default" : event.object.space;
  std::optional<HttpAnswer> answer =
      ask({.method = "POST",
           .target = "/apis/events.k8s.io/v1/namespaces/" + space + "/events",
           .body = event_json(event, settings_, wall_now()),
           .content_type = "application/json"});
  if (!answer) return false;
  if (answer->ok()) {
    ++events_written_;
    counts_.success("events");
    return true;
  }
  bool said = answer->end == TransferEnd::Complete;
  if (said && answer->head.status == 409) return true;  // another replica has written it
  report("events", *answer);
  // Events are for people who look; what cannot be written is not worth a queue.
  return said && answer->head.status / 100 == 4 && answer->head.status != 429 &&
         answer->head.status != 401;
}

void Leader::rotate_tickets() {
  const NamespacedName& where = settings_.ticket_secret;
  auto now = Clock::now();
  if (where.empty() || now < tickets_at_) return;
  tickets_at_ = now + kTicketLook;
  std::string collection = "/api/v1/namespaces/" + where.space + "/secrets";
  std::optional<HttpAnswer> answer = ask({.target = collection + "/" + where.name});
  if (!answer) return;
  TicketSecret secret;
  if (answer->ok()) {
    Result<TicketSecret> read = parse_ticket_secret(answer->body);
    if (!read) return counts_.fault("ticket keys", Fault::Malformed, read.error().message);
    secret = std::move(*read);
  } else if (answer->end != TransferEnd::Complete || answer->head.status != 404) {
    return report("ticket keys", *answer);
  }
  counts_.success("ticket keys");
  std::optional<TicketSecret> next = rotated(secret, wall_seconds(), random_key);
  if (!next || !election_.leads(Clock::now())) return;
  bool fresh = next->version.empty();
  answer = ask({.method = fresh ? "POST" : "PATCH",
                .target = collection + (fresh ? "" : "/" + where.name),
                .body = ticket_secret_json(*next, where.space, where.name),
                .content_type = fresh ? "application/json" : "application/merge-patch+json"});
  if (!answer) return;
  if (answer->ok()) {
    ++rotations_;
  } else if (answer->head.status != 409) {
    report("ticket keys", *answer);
  }
}

std::string Leader::prometheus() const {
  PrometheusWriter out;
  out.family("sallyport_kubernetes_leader", "gauge", "Whether this replica leads.");
  out.value("", leads_ ? 1 : 0);
  out.family("sallyport_kubernetes_writes_total", "counter", "What this replica has written.");
  out.value(prometheus_label("what", "status"), statuses_);
  out.value(prometheus_label("what", "event"), events_written_);
  out.value(prometheus_label("what", "ticket_key"), rotations_);
  return out.take();
}

}  // namespace sallyport::kube
