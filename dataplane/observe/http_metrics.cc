#include "dataplane/observe/http_metrics.h"

#include <algorithm>

namespace sallyport {

const char* status_class_name(size_t index) {
  constexpr const char* kNames[kStatusClasses] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  return kNames[index];
}

void HttpMetrics::count(const RequestRecord& r) {
  size_t scenario = r.routed ? static_cast<size_t>(r.scenario) : kScenarios - 1;
  requests[scenario][status_class(r.status)].add();
  ends[static_cast<size_t>(r.end)].add();
  if (r.retried) retries.add();
  if (r.upgraded) {
    tunnels.add();
    return;
  }
  durations[scenario].add(r.duration);
  if (r.status && !r.backend_status) {
    auto own = std::find(kOwnStatuses.begin(), kOwnStatuses.end(), r.status);
    own_responses[static_cast<size_t>(own - kOwnStatuses.begin())].add();
  }
}

}  // namespace sallyport
