// How often one place in the code may log.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/log_line.h"

namespace sallyport {

/// A call of log_…() in the source, taken by its default argument.
struct LogSite {
  static LogSite here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
  /// For lists that are bounded by themselves and of which every line counts: not throttled.
  static LogSite of_a_list() { return {nullptr, 0}; }
  const char* file;
  int line;
};

/// Lets each site log kLines per second; the rest is only counted. Its memory is bounded by the
/// number of sites in the program. Not thread-safe.
class LogThrottle {
 public:
  static constexpr uint32_t kLines = 10;
  using Clock = std::chrono::steady_clock;

  struct Verdict {
    bool admitted;
    uint64_t suppressed = 0;  // lines of this site not yet reported as missing; now they are
  };
  Verdict admit(LogSite site, LogLevel level, std::string_view message, Clock::time_point now);

  /// Something is suppressed and not yet reported.
  bool suppressing() const { return suppressing_ > 0; }
  /// Gives to report(level, message, count) each site whose second is over and that has been
  /// silent since, so that the count is seen even if no further line comes from there.
  template <class F>
  void report_overdue(Clock::time_point now, F&& report) {
    if (!suppressing()) return;
    for (auto& [key, site] : sites_) {
      if (site.suppressed == 0 || now < site.began + std::chrono::seconds(1)) continue;
      report(site.level, std::string_view(site.message), std::exchange(site.suppressed, 0));
      --suppressing_;
    }
  }

 private:
  struct State {
    Clock::time_point began{};
    uint32_t lines = 0;
    uint64_t suppressed = 0;
    LogLevel level{};
    std::string message;  // of the first line suppressed
  };
  std::map<std::pair<const char*, int>, State> sites_;
  size_t suppressing_ = 0;
};

}  // namespace sallyport
