#include "control/ca_overlap.h"

#include <algorithm>
#include <utility>

namespace sallyport {

CaOverlap::Data CaOverlap::effective(const std::string& name, const Data& was, const Data& data,
                                     Millis overlap, Instant now) {
  Olds olds;
  if (auto found = olds_.find(name); found != olds_.end()) olds = found->second;
  bool replaced = was && !was->ca_crt.empty() && was->ca_crt != data->ca_crt;
  if (replaced && overlap > Millis(0)) olds.push_back({was->ca_crt, now + overlap});
  std::erase_if(olds, [&](const Old& old) {
    return old.until <= now || old.ca_crt == data->ca_crt;
  });
  // An authority that came back and went again is there twice: the later time counts.
  for (size_t i = olds.size(); i-- > 0;) {
    bool again = std::any_of(olds.begin() + static_cast<ptrdiff_t>(i) + 1, olds.end(),
                             [&](const Old& later) { return later.ca_crt == olds[i].ca_crt; });
    if (again) olds.erase(olds.begin() + static_cast<ptrdiff_t>(i));
  }
  if (data->ca_crt.empty() || overlap <= Millis(0)) olds.clear();
  Data result = data;
  if (!olds.empty()) {
    auto both = std::make_shared<SecretData>();
    both->tls_crt = data->tls_crt;
    both->tls_key = data->tls_key;
    both->ca_crt = data->ca_crt;
    both->ca_crl = data->ca_crl;
    both->ticket_keys = data->ticket_keys;
    for (const Old& old : olds) both->ca_crt += "\n" + old.ca_crt;
    result = std::move(both);
  }
  next_[name] = std::move(olds);
  return result;
}

void CaOverlap::commit() {
  for (auto& [name, olds] : next_) {
    if (olds.empty()) {
      olds_.erase(name);
    } else {
      olds_[name] = std::move(olds);
    }
  }
  next_.clear();
}

}  // namespace sallyport
