// A list whose copies share all of it until one is changed, and then its items still: what two of
// them have in common is known by its address.
#pragma once

#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport {

/// Reads like a vector of const T. An item never changes; another takes its place. Copying the list
/// costs nothing, changing a copy once a pointer for each item, and comparing two lists that share
/// their items as much.
/// Thread: copies may be read by any number of threads while one of them is changed.
template <class T>
class SharedList {
 public:
  using Item = std::shared_ptr<const T>;

  class iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    iterator() = default;
    explicit iterator(const Item* at) : at_(at) {}
    reference operator*() const { return **at_; }
    pointer operator->() const { return at_->get(); }
    reference operator[](difference_type n) const { return *at_[n]; }
    iterator& operator++() { return ++at_, *this; }
    iterator operator++(int) { return iterator(at_++); }
    iterator& operator--() { return --at_, *this; }
    iterator operator--(int) { return iterator(at_--); }
    iterator& operator+=(difference_type n) { return at_ += n, *this; }
    iterator& operator-=(difference_type n) { return at_ -= n, *this; }
    friend iterator operator+(iterator i, difference_type n) { return i += n; }
    friend iterator operator+(difference_type n, iterator i) { return i += n; }
    friend iterator operator-(iterator i, difference_type n) { return i -= n; }
    friend difference_type operator-(iterator a, iterator b) { return a.at_ - b.at_; }
    auto operator<=>(const iterator&) const = default;

   private:
    const Item* at_ = nullptr;
  };

  SharedList() = default;
  SharedList(std::initializer_list<T> values) {
    for (const T& value : values) push_back(value);
  }
  explicit SharedList(std::vector<Item> items) { own() = std::move(items); }

  size_t size() const { return items().size(); }
  bool empty() const { return items().empty(); }
  const T& operator[](size_t at) const { return *items()[at]; }
  const T& front() const { return *items().front(); }
  const T& back() const { return *items().back(); }
  iterator begin() const { return iterator(items().data()); }
  iterator end() const { return iterator(items().data() + size()); }

  /// As they are held. None is null.
  const std::vector<Item>& items() const {
    static const std::vector<Item> none;
    return items_ ? *items_ : none;
  }

  void reserve(size_t size) { own().reserve(size); }
  void push_back(T value) { own().push_back(std::make_shared<const T>(std::move(value))); }
  void push_back(Item item) { own().push_back(std::move(item)); }
  void insert(size_t at, Item item) {
    std::vector<Item>& mine = own();
    mine.insert(mine.begin() + static_cast<std::ptrdiff_t>(at), std::move(item));
  }
  void replace(size_t at, Item item) { own()[at] = std::move(item); }
  void erase(size_t at) {
    std::vector<Item>& mine = own();
    mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(at));
  }

  bool operator==(const SharedList& other) const {
    if (items_ == other.items_) return true;
    if (size() != other.size()) return false;
    for (size_t i = 0; i < size(); ++i) {
      if (items()[i] != other.items()[i] && !((*this)[i] == other[i])) return false;
    }
    return true;
  }

 private:
  // The items themselves where nobody shares them, or a copy of them.
  std::vector<Item>& own() {
    if (!items_) {
      items_ = std::make_shared<std::vector<Item>>();
    } else if (items_.use_count() > 1) {
      items_ = std::make_shared<std::vector<Item>>(*items_);
    } else {
      // Whoever shared them last may have been another thread, whose reads come before our writes.
      std::atomic_thread_fence(std::memory_order_acquire);
    }
    return *items_;
  }

  std::shared_ptr<std::vector<Item>> items_;  // null: there are none
};

}  // namespace sallyport
