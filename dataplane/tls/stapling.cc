#include "dataplane/tls/stapling.h"

namespace sallyport {

std::shared_ptr<const Staple> Stapling::at(int64_t now) const {
  std::lock_guard lock(mutex_);
  return staple_ && now < staple_->next_update ? staple_ : nullptr;
}

void Stapling::use(std::shared_ptr<const Staple> staple) {
  std::lock_guard lock(mutex_);
  // Whoever sends us answers may send one that was true once.
  if (staple && staple_ && staple->this_update < staple_->this_update) return;
  staple_ = std::move(staple);
}

}  // namespace sallyport
