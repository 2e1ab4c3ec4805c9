// What a configuration lists, by keys: one changed item costs a look, and a copy a pointer each.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/shared_list.h"

namespace sallyport::kube {

/// In the order of the keys.
template <class T>
class KeyedList {
 public:
  using Item = std::shared_ptr<const T>;

  /// In place of what there was; null: nothing is there any more.
  void put(const std::string& key, Item item) {
    auto place = std::lower_bound(keys_.begin(), keys_.end(), key);
    auto at = static_cast<size_t>(place - keys_.begin());
    bool known = place != keys_.end() && *place == key;
    if (known && item) {
      items_.replace(at, std::move(item));
    } else if (known) {
      keys_.erase(place);
      items_.erase(at);
    } else if (item) {
      keys_.insert(place, key);
      items_.insert(at, std::move(item));
    }
  }

  void append_to(SharedList<T>& list) const {
    if (list.empty()) {
      list = items_;
      return;
    }
    list.reserve(list.size() + items_.size());
    for (const Item& item : items_.items()) list.push_back(item);
  }

 private:
  std::vector<std::string> keys_;
  SharedList<T> items_;
};

}  // namespace sallyport::kube
