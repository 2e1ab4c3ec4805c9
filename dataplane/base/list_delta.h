// What two lists of named items have in common, found by address where they share it.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/base/shared_list.h"

namespace sallyport {

/// Items are the same when they are one object, or have one name and are equal. Lists that differ
/// in few places cost little more than a look at their pointers.
struct ListDelta {
  static constexpr size_t kNone = static_cast<size_t>(-1);

  std::vector<size_t> before;  // for each item of the later list: where the same was, or kNone
  std::vector<size_t> gone;    // of the earlier list: which have nothing that is the same

  /// `name(item)` tells the items of one list apart.
  template <class T, class Name>
  static ListDelta between(const SharedList<T>& was, const SharedList<T>& now, Name name) {
    ListDelta delta;
    const auto& a = was.items();
    const auto& b = now.items();
    delta.before.resize(b.size(), kNone);
    size_t begin = 0;
    while (begin < a.size() && begin < b.size() && a[begin] == b[begin]) {
      delta.before[begin] = begin;
      ++begin;
    }
    size_t end_a = a.size(), end_b = b.size();
    while (end_a > begin && end_b > begin && a[end_a - 1] == b[end_b - 1]) {
      delta.before[--end_b] = --end_a;
    }
    delta.match(was, now, begin, end_a, end_b, name);
    return delta;
  }

 private:
  template <class T, class Name>
  void match(const SharedList<T>& was, const SharedList<T>& now, size_t begin, size_t end_a,
             size_t end_b, Name name) {
    std::unordered_map<std::string_view, size_t> by_name;
    for (size_t i = begin; i < end_a; ++i) by_name.emplace(name(was[i]), i);
    for (size_t i = begin; i < end_b; ++i) {
      auto found = by_name.find(name(now[i]));
      if (found == by_name.end()) continue;
      size_t at = found->second;
      if (was.items()[at] != now.items()[i] && !(was[at] == now[i])) continue;
      before[i] = at;
      by_name.erase(found);
    }
    for (const auto& [_, at] : by_name) gone.push_back(at);
  }
};

}  // namespace sallyport
