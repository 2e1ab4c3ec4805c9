#include "control/pki/lifetime.h"

#include <string>

#include "dataplane/model/quantity.h"

namespace sallyport {
namespace {

constexpr int64_t kDay = 24 * 60 * 60;
constexpr int64_t kYear = 365 * kDay;
constexpr int64_t kMost = 100 * kYear;

Error wrong(std::string_view text, const char* what) {
  return Error{"\"" + std::string(text) + "\" " + what};
}

/// Seconds, or an error for what is neither: then it is a duration of the configuration, or wrong.
Result<int64_t> seconds_of(std::string_view text) {
  const char unit = text.empty() ? '\0' : text.back();
  if (unit == 'd' || unit == 'y') {
    const Result<uint64_t> count = parse_count(text.substr(0, text.size() - 1));
    if (!count) return wrong(text, "is not a duration: write a whole number and d, such as 90d");
    // More than this many days is too long in any unit, and its product would overflow.
    if (*count > static_cast<uint64_t>(kMost / kDay)) return kMost + 1;
    return static_cast<int64_t>(*count) * (unit == 'd' ? kDay : kYear);
  }
  const Result<Millis> duration = parse_duration(text);
  if (duration) return std::chrono::floor<Seconds>(*duration).count();
  return wrong(text, "is not a duration: write a whole number and s, m, h, d or y, such as 90d");
}

}  // namespace

Result<Seconds> parse_lifetime(std::string_view text) {
  const Result<int64_t> seconds = seconds_of(text);
  if (!seconds) return seconds.error();
  if (*seconds < 1) return wrong(text, "is too short: a certificate lives for a second at least");
  if (*seconds > kMost) return wrong(text, "is too long: a hundred years (100y) are the most");
  return Seconds(*seconds);
}

}  // namespace sallyport
