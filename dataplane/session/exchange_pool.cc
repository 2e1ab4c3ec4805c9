#include "dataplane/session/exchange_pool.h"

#include <utility>

namespace sallyport {

std::unique_ptr<Exchange> ExchangePool::take(SessionContext& context) {
  spares_.lend();
  if (idle_.empty()) return std::make_unique<Exchange>(context);
  std::unique_ptr<Exchange> exchange = std::move(idle_.back());
  idle_.pop_back();
  return exchange;
}

void ExchangePool::give_back(std::unique_ptr<Exchange> exchange) {
  spares_.take_back();
  idle_.push_back(std::move(exchange));
}

void ExchangePool::ebb(Loop& loop) {
  for (ptrdiff_t n = spares_.ebb(std::ssize(idle_)); n > 0; --n) {
    loop.bury(std::move(idle_.back()));
    idle_.pop_back();
  }
}

}  // namespace sallyport
