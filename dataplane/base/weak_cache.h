// Finds what somebody else still has, by what it was made from.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

namespace sallyport {

/// Keeps nothing alive. Entries of what is gone go by and by, so that they are never many more than
/// those of what is there.
template <class T>
class WeakCache {
 public:
  /// Null when nobody has it.
  std::shared_ptr<const T> find(const std::string& key) const {
    auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second.lock();
  }

  void put(const std::string& key, const std::shared_ptr<const T>& value) {
    entries_[key] = value;
    if (entries_.size() > most_) sweep();
  }

 private:
  static constexpr size_t kLeast = 64;

  // After at least as many puts as a quarter of what is kept: the cost of each stays the same.
  void sweep() {
    std::erase_if(entries_, [](const auto& entry) { return entry.second.expired(); });
    most_ = entries_.size() + entries_.size() / 4 + kLeast;
  }

  std::unordered_map<std::string, std::weak_ptr<const T>> entries_;
  size_t most_ = kLeast;
};

}  // namespace sallyport
