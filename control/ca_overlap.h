// A replaced authority stays trusted beside the new one for a while.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"
#include "dataplane/tls/certificate.h"

namespace sallyport {

/// Whoever has a certificate of the old authority gets one of the new within that time. Emptied is
/// not replaced: nobody is trusted then. Revocation lists are the new secret's alone.
/// Thread: one at a time. Times only go on.
class CaOverlap {
 public:
  using Data = std::shared_ptr<const SecretData>;

  /// What the secret means from `now` on, as `was` (null: nothing was known) becomes `data`: the
  /// data itself, or with the authorities beside it that are still trusted. Without an `overlap`
  /// none is, whatever was said before. Nothing is remembered before commit().
  Data effective(const std::string& name, const Data& was, const Data& data, Millis overlap,
                 Instant now);
  /// What effective() has said since the last commit() or rollback() is so, or is not.
  void commit();
  void rollback() { next_.clear(); }

  /// The secrets that have an authority beside their own whose time is over, or that by
  /// `overlap_of`, which says it of a name, have no overlap any more.
  template <class OverlapOf>
  std::vector<std::string> ended(Instant now, OverlapOf overlap_of) const {
    std::vector<std::string> names;
    for (const auto& [name, olds] : olds_) {
      Millis overlap = overlap_of(name);
      bool any = std::any_of(olds.begin(), olds.end(), [&](const Old& old) {
        return old.until <= now || overlap <= Millis(0);
      });
      if (any) names.push_back(name);
    }
    return names;
  }
  /// There is no such secret any more.
  void forget(const std::string& name) { next_[name] = {}; }

 private:
  struct Old {
    std::string ca_crt;
    Instant until;
  };
  using Olds = std::vector<Old>;

  std::map<std::string, Olds> olds_;
  std::map<std::string, Olds> next_;
};

}  // namespace sallyport
