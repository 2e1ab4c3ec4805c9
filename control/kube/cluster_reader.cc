#include "control/kube/cluster_reader.h"

#include <algorithm>

#include "dataplane/model/complain.h"

namespace sallyport::kube {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAttempts = 4;       // of a list: with back-off, some three seconds
constexpr Seconds kMostTime{60};
constexpr Millis kLook{100};

int64_t wall_seconds() {
  return std::chrono::duration_cast<Seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A right that is missing, or credentials that are wrong, are so at the next attempt, too.
int attempts(Fault fault) {
  switch (fault) {
    case Fault::Forbidden:
    case Fault::NotFound:
    case Fault::Credentials: return 1;
    case Fault::Unauthorized:
    case Fault::Untrusted: return 2;  // with what is read anew
    default: return kAttempts;
  }
}

// One list: what came of it.
class Look final : public ReflectorListener {
 public:
  Look(const WatchScope& scope, uint64_t seed) : reflector_(scope, settings(), *this, seed) {}

  Reflector& reflector() { return reflector_; }
  bool over() const { return listed_ || failures_ >= allowed_; }
  const std::string& fault() const { return fault_; }
  bool listed() const { return listed_; }
  std::map<ObjectName, ObjectPtr>& objects() { return objects_; }
  const std::set<std::string>& unreadable() const { return unreadable_; }

  void on_changes(ObjectChanges changes) override {
    for (ObjectChange& change : changes) {
      if (change.object) {
        objects_[change.name] = std::move(change.object);
      } else {
        objects_.erase(change.name);
      }
    }
  }
  void on_count(const WatchScope&, size_t, size_t) override {}
  bool on_size(size_t, size_t) override { return true; }
  void on_settled(const WatchScope&) override {}
  void on_relist(const WatchScope&) override {}
  void on_fault(const WatchScope&, Fault fault, const std::string& detail) override {
    // Mostly of one object, while the list goes on.
    if (fault == Fault::Malformed) {
      unreadable_.insert(detail);
      return;
    }
    ++failures_;
    allowed_ = attempts(fault);
    fault_ = detail;
  }
  void on_success(const WatchScope&) override { listed_ = true; }

 private:
  static ReflectorSettings settings() {
    ReflectorSettings settings;
    settings.silence = Millis(20'000);
    return settings;
  }

  std::map<ObjectName, ObjectPtr> objects_;
  std::set<std::string> unreadable_;
  std::string fault_ = "no answer in time";
  int failures_ = 0, allowed_ = kAttempts;
  bool listed_ = false;
  Reflector reflector_;
};

}  // namespace

void ClusterReader::read(const std::set<WatchScope>& scopes, Manifests& manifests) {
  std::vector<std::unique_ptr<Look>> looks;
  for (const WatchScope& scope : scopes) {
    looks.push_back(std::make_unique<Look>(scope, looks.size()));
  }
  auto end = Clock::now() + kMostTime;
  auto open = [](const auto& look) { return !look->over(); };
  while (std::any_of(looks.begin(), looks.end(), open) && Clock::now() < end) {
    for (auto& look : looks) {
      Reflector& reflector = look->reflector();
      if (reflector.take_refused()) credentials_.refused();
      if (look->over() || !reflector.due_at() || *reflector.due_at() > Clock::now()) continue;
      Result<Identity> who = credentials_.current(Clock::now(), wall_seconds());
      std::optional<HttpRequest> request = reflector.due();
      if (!request) continue;
      if (who) {
        client_.begin(*request, *who, reflector);
      } else {
        reflector.failed(who.error().message);
      }
    }
    client_.run(kLook);
  }
  auto complain_of = [&](const std::string& message) {
    Place place;
    place.source = source_;
    complain(manifests.problems, place, message);
  };
  for (auto& look : looks) {
    client_.cancel(look->reflector());
    const std::string what = look->reflector().scope().text();
    if (!look->listed()) complain_of(what + " cannot be read: " + look->fault());
    for (const std::string& each : look->unreadable()) complain_of(each);
    for (auto& [name, object] : look->objects()) add_object(std::move(object), manifests);
  }
}

}  // namespace sallyport::kube
