#include "dataplane/session/exchange_pool.h"

#include <utility>

namespace sallyport {

std::unique_ptr<Exchange> ExchangePool::take(SessionContext& context) {
  if (idle_.empty()) return std::make_unique<Exchange>(context);
  std::unique_ptr<Exchange> exchange = std::move(idle_.back());
  idle_.pop_back();
  return exchange;
}

void ExchangePool::give_back(std::unique_ptr<Exchange> exchange, Loop& loop) {
  if (idle_.size() < kKept) {
    idle_.push_back(std::move(exchange));
  } else {
    loop.bury(std::move(exchange));
  }
}

}  // namespace sallyport
