#include "control/kube/watch_counts.h"

#include "dataplane/base/log.h"
#include "dataplane/observe/prometheus_writer.h"

namespace sallyport::kube {

namespace {

constexpr std::chrono::minutes kAgain{1};
// Whoever loses the API server loses all watches at once: enough to see what is the matter.
constexpr size_t kMostTroubles = 4096;

}  // namespace

void WatchCounts::fault(const WatchScope& scope, Fault fault, const std::string& detail,
                        Clock::time_point now) {
  std::lock_guard lock(mutex_);
  ++counts_[plural(scope.kind)].faults[static_cast<size_t>(fault)];
  log_fault(scope.text(), fault, detail, now);
}

void WatchCounts::fault(const std::string& what, Fault fault, const std::string& detail,
                        Clock::time_point now) {
  std::lock_guard lock(mutex_);
  ++counts_[what].faults[static_cast<size_t>(fault)];
  log_fault(what, fault, detail, now);
}

void WatchCounts::log_fault(const std::string& what, Fault fault, const std::string& detail,
                            Clock::time_point now) {
  if (troubles_.size() >= kMostTroubles && !troubles_.count(what)) return;
  auto [it, fresh] = troubles_.emplace(what, Trouble{});
  Trouble& trouble = it->second;
  if (!fresh && trouble.fault == fault && now - trouble.logged < kAgain) {
    ++trouble.unlogged;
    return;
  }
  // Each reason has lines of its own: a flood of one must not hide that there is another.
  LogSite site = LogSite::here();
  site.line = -1 - static_cast<int>(fault);
  log_warning("trouble with the API server",
              {{"what", what},
               {"reason", name(fault)},
               {"detail", detail},
               {"unlogged", trouble.unlogged}},
              site);
  trouble = {fault, now, 0};
}

void WatchCounts::success(const WatchScope& scope) { success(scope.text()); }

void WatchCounts::success(const std::string& what) {
  std::lock_guard lock(mutex_);
  auto found = troubles_.find(what);
  if (found == troubles_.end()) return;
  log_info("the API server answers again",
           {{"what", what}, {"unlogged", found->second.unlogged}});
  troubles_.erase(found);
}

void WatchCounts::relist(const WatchScope& scope) {
  std::lock_guard lock(mutex_);
  ++counts_[plural(scope.kind)].relists;
}

void WatchCounts::change(Kind kind, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  Counts& counts = counts_[plural(kind)];
  ++counts.events;
  counts.last_event = now;
}

void WatchCounts::objects(const WatchScope& scope, size_t before, size_t after) {
  std::lock_guard lock(mutex_);
  counts_[plural(scope.kind)].objects += after - before;
}

void WatchCounts::fallbacks(std::map<std::string, size_t> hosts) {
  std::lock_guard lock(mutex_);
  fallbacks_ = std::move(hosts);
}

std::string WatchCounts::prometheus(Clock::time_point now) const {
  std::lock_guard lock(mutex_);
  PrometheusWriter out;
  auto resource = [](const std::string& text) { return prometheus_label("resource", text); };
  out.family("sallyport_kubernetes_errors_total", "counter",
             "What went wrong with the API server, by resource and reason.");
  for (const auto& [key, counts] : counts_) {
    for (size_t i = 0; i < kFaults; ++i) {
      if (counts.faults[i] == 0) continue;
      out.value(resource(key) + "," + prometheus_label("reason", name(static_cast<Fault>(i))),
                counts.faults[i]);
    }
  }
  out.family("sallyport_kubernetes_relists_total", "counter",
             "Lists after the first, because a watch could not go on.");
  for (const auto& [key, counts] : counts_) out.value(resource(key), counts.relists);
  out.family("sallyport_kubernetes_changes_total", "counter",
             "Objects that came, changed or went.");
  for (const auto& [key, counts] : counts_) out.value(resource(key), counts.events);
  out.family("sallyport_kubernetes_objects", "gauge", "Objects known.");
  for (const auto& [key, counts] : counts_) {
    out.value(resource(key), counts.objects);
  }
  out.family("sallyport_kubernetes_object_bytes", "gauge", "About what they take of memory.");
  out.value("", size_.load());
  out.family("sallyport_kubernetes_last_change_age_seconds", "gauge",
             "Since an object of this resource changed.");
  for (const auto& [key, counts] : counts_) {
    if (counts.last_event == Clock::time_point{}) continue;
    auto age = std::chrono::duration_cast<Seconds>(now - counts.last_event);
    out.value(resource(key), static_cast<uint64_t>(std::max<int64_t>(age.count(), 0)));
  }
  out.family("sallyport_kubernetes_in_trouble", "gauge",
             "Watches that do not get what they ask for.");
  out.value("", troubles_.size());
  out.family("sallyport_certificate_fallbacks", "gauge",
             "Hosts that show the default certificate, or have no TLS where there is none, because "
             "theirs cannot be shown, by why.");
  for (const char* reason : {"no-certificate", "missing-secret", "bad-secret"}) {
    auto found = fallbacks_.find(reason);
    out.value(prometheus_label("reason", reason), found == fallbacks_.end() ? 0 : found->second);
  }
  return out.take();
}

}  // namespace sallyport::kube
