// What must hold for everything that calls itself an API server; used by the fuzzer and, on the
// corpus, by the unit tests.
#pragma once

#include <map>
#include <string_view>

#include "control/kube/reflector.h"
#include "dataplane/base/check.h"

namespace sallyport::kube {

/// Keeps what a reflector tells, and checks that each telling is a difference.
class WatchLedger final : public ReflectorListener {
 public:
  void on_changes(ObjectChanges changes) override {
    CHECK(!changes.empty());
    for (ObjectChange& change : changes) {
      CHECK(!change.name.name.empty());
      auto known = objects_.find(change.name);
      if (change.object) {
        CHECK(change.object->name == change.name || change.object->name.name.empty());
        CHECK(known == objects_.end() || !known->second->same_content(*change.object));
        objects_[change.name] = std::move(change.object);
      } else {
        CHECK(known != objects_.end());
        objects_.erase(known);
      }
    }
  }
  void on_count(const WatchScope&, size_t before, size_t after) override {
    CHECK(before == counted_ && before != after);
    counted_ = after;
  }
  bool on_size(size_t before, size_t after) override {
    CHECK(before <= bytes_);
    bytes_ -= before;
    if (bytes_ + after > kRoom) return false;
    bytes_ += after;
    return true;
  }
  void on_settled(const WatchScope&) override { CHECK(!std::exchange(settled_, true)); }
  void on_relist(const WatchScope&) override {}
  void on_fault(const WatchScope&, Fault, const std::string&) override {}
  void on_success(const WatchScope&) override {}

  size_t size() const { return objects_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr size_t kRoom = 6000;  // for a dozen small objects

  std::map<ObjectName, ObjectPtr> objects_;
  size_t counted_ = 0, bytes_ = 0;
  bool settled_ = false;
};

/// The text is answers, each after a line with a status: "200", "410". Whatever they are, what has
/// been told is what is known, and there is something to ask next.
inline void check_watch(std::string_view text) {
  static Reflector::Clock::time_point now;
  now = Reflector::Clock::time_point(std::chrono::hours(1));
  ReflectorSettings settings;
  settings.object_size = 16 * 1024;
  settings.now = [] { return now; };
  WatchLedger ledger;
  Kind kind = static_cast<Kind>(text.size() % kKinds);
  Reflector reflector({kind, "", "", text.size() % 2 == 0}, settings, ledger, text.size());
  size_t answers = 0;
  while (!text.empty() && answers++ < 50) {
    std::string_view answer = text.substr(0, text.find("\n\n"));
    text.remove_prefix(std::min(text.size(), answer.size() + 2));
    CHECK(reflector.due_at().has_value());
    now = std::max(now, *reflector.due_at());
    auto request = reflector.due();
    CHECK(request && request->target.starts_with("/api"));
    CHECK(!reflector.due_at() && !reflector.due());
    size_t end = std::min(answer.find('\n'), answer.size());
    int status = std::atoi(std::string(answer.substr(0, end)).c_str());
    if (status >= 200 && status <= 599) reflector.on_head({status, {}});
    bool more = true;
    std::string_view body = answer.substr(std::min(answer.size(), end + 1));
    for (size_t place = 0; place < body.size() && more; place += 1 + place % 997) {
      more = reflector.on_body(body.substr(place, 1 + place % 997));
    }
    TransferEnd how = !more             ? TransferEnd::Enough
                      : body.empty()    ? TransferEnd::Broken
                                        : TransferEnd::Complete;
    reflector.on_end(how, "fuzzed");
    CHECK(ledger.size() == reflector.objects());
  }
  reflector.drop();
  CHECK(ledger.size() == 0 && ledger.bytes() == 0);
}

}  // namespace sallyport::kube
