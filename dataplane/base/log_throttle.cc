#include "dataplane/base/log_throttle.h"

namespace sallyport {

LogThrottle::Verdict LogThrottle::admit(LogSite where, LogLevel level, std::string_view message,
                                        Clock::time_point now) {
  if (!where.file) return {true};
  State& site = sites_[{where.file, where.line}];
  if (site.lines == 0 || now >= site.began + std::chrono::seconds(1)) {
    site.began = now;
    site.lines = 0;
  }
  if (site.lines < kLines) {
    ++site.lines;
    if (site.suppressed == 0) return {true};
    --suppressing_;
    return {true, std::exchange(site.suppressed, 0)};
  }
  if (site.suppressed++ == 0) {
    ++suppressing_;
    site.level = level;
    site.message = message;
  }
  return {false};
}

}  // namespace sallyport
