// A map from names whose copies share what they have in common: a copy costs 256 pointers, and a
// change of it one part in 256.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport {

/// Thread: copies may be read by any number of threads while one of them is changed.
template <class V>
class SharedMap {
 public:
  struct Entry {
    size_t hash;
    std::string name;
    V value;
  };

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Null: there is no such name. Valid until the map changes.
  const V* find(std::string_view name) const {
    size_t hash = hash_of(name);
    const Part* part = parts_[index_of(hash)].get();
    if (!part) return nullptr;
    auto at = lower(*part, hash, name);
    return at != part->end() && is(*at, hash, name) ? &at->value : nullptr;
  }

  /// Replaces the value that the name had.
  void put(std::string_view name, V value) {
    size_t hash = hash_of(name);
    Part& part = own(index_of(hash));
    auto at = lower(part, hash, name);
    if (at != part.end() && is(*at, hash, name)) {
      at->value = std::move(value);
    } else {
      part.insert(at, Entry{hash, std::string(name), std::move(value)});
      ++size_;
    }
  }

  /// Does nothing for a name that is not there.
  void erase(std::string_view name) {
    if (!find(name)) return;
    size_t hash = hash_of(name);
    size_t index = index_of(hash);
    Part& part = own(index);
    part.erase(lower(part, hash, name));
    if (part.empty()) parts_[index].reset();
    --size_;
  }

  /// In no order.
  template <class F>
  void for_each(F f) const {
    for (const auto& part : parts_) {
      if (!part) continue;
      for (const Entry& entry : *part) f(entry.name, entry.value);
    }
  }

  /// Calls f(name, old value or null, new value or null) for each name that has another value here
  /// than in `before`. What both share is passed over without a look.
  template <class F>
  void for_each_difference(const SharedMap& before, F f) const {
    for (size_t i = 0; i < kParts; ++i) {
      if (parts_[i] == before.parts_[i]) continue;
      static const Part none;
      const Part& was = before.parts_[i] ? *before.parts_[i] : none;
      const Part& now = parts_[i] ? *parts_[i] : none;
      differ(was, now, f);
    }
  }

 private:
  using Part = std::vector<Entry>;  // by hash, then by name
  static constexpr size_t kParts = 256;

  static size_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name); }
  static size_t index_of(size_t hash) { return hash % kParts; }

  static bool is(const Entry& entry, size_t hash, std::string_view name) {
    return entry.hash == hash && entry.name == name;
  }
  static bool before(const Entry& entry, size_t hash, std::string_view name) {
    return entry.hash != hash ? entry.hash < hash : entry.name < name;
  }

  template <class P>
  static auto lower(P& part, size_t hash, std::string_view name) {
    return std::partition_point(part.begin(), part.end(), [&](const Entry& entry) {
      return before(entry, hash, name);
    });
  }

  // The part itself where nobody shares it, or a copy of it.
  Part& own(size_t index) {
    std::shared_ptr<Part>& part = parts_[index];
    if (!part) {
      part = std::make_shared<Part>();
    } else if (part.use_count() > 1) {
      part = std::make_shared<Part>(*part);
    } else {
      // Whoever shared it last may have been another thread, whose reads come before our writes.
      std::atomic_thread_fence(std::memory_order_acquire);
    }
    return *part;
  }

  template <class F>
  static void differ(const Part& was, const Part& now, F& f) {
    auto a = was.begin();
    auto b = now.begin();
    while (a != was.end() || b != now.end()) {
      if (b == now.end() || (a != was.end() && before(*a, b->hash, b->name))) {
        f(a->name, &a->value, static_cast<const V*>(nullptr));
        ++a;
      } else if (a == was.end() || before(*b, a->hash, a->name)) {
        f(b->name, static_cast<const V*>(nullptr), &b->value);
        ++b;
      } else {
        if (!(a->value == b->value)) f(b->name, &a->value, &b->value);
        ++a;
        ++b;
      }
    }
  }

  std::array<std::shared_ptr<Part>, kParts> parts_;
  size_t size_ = 0;
};

}  // namespace sallyport
