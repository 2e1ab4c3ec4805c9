#include "dataplane/session/exchange_pool.h"

#include <utility>

namespace sallyport {

std::unique_ptr<Exchange> ExchangePool::take(SessionContext& context) {
  ++taken_;
  if (idle_.empty()) return std::make_unique<Exchange>(context);
  std::unique_ptr<Exchange> exchange = std::move(idle_.back());
  idle_.pop_back();
  return exchange;
}

// No more are kept than there are others at work, but for a few: of a thousand streams each ends
// while the others go on, and when all have ended the memory is not held for ever.
void ExchangePool::give_back(std::unique_ptr<Exchange> exchange, Loop& loop) {
  --taken_;
  idle_.push_back(std::move(exchange));
  for (int i = 0; i < 2 && idle_.size() > kKept + taken_; ++i) {
    loop.bury(std::move(idle_.back()));
    idle_.pop_back();
  }
}

}  // namespace sallyport
