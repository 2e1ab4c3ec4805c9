#include "control/ocsp/schedule.h"

#include <algorithm>

namespace sallyport {

namespace {

// Whatever a responder says of the life of its answers, it is not asked more often.
constexpr int64_t kSoonest = 5;
constexpr int64_t kFirstRetry = 10;
constexpr int64_t kLastRetry = 3600;
constexpr double kSpread = 0.2;

// `seconds`, a fifth more or less in all.
int64_t spread(int64_t seconds, double chance) {
  return static_cast<int64_t>(static_cast<double>(seconds) * (1 + kSpread * (chance - 0.5)));
}

}  // namespace

int64_t refresh_at(const Staple& staple, int64_t now, double chance) {
  int64_t half = (staple.next_update - staple.this_update) / 2;
  int64_t at = staple.this_update + spread(half, chance);
  if (at <= now) at = now + spread((staple.next_update - now) / 2, chance);
  return std::max(at, now + kSoonest);
}

int64_t retry_at(int failures, int64_t now, double chance) {
  int64_t wait = kFirstRetry;
  for (int i = 1; i < failures && wait < kLastRetry; ++i) wait *= 2;
  return now + spread(std::min(wait, kLastRetry), chance);
}

}  // namespace sallyport
