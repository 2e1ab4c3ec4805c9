// A list whose copies share its items: what two of them have in common is known by its address.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport {

/// Reads like a vector of const T. An item never changes; another takes its place. Copying the list
/// costs a pointer for each item, and comparing two lists that share their items as much.
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
  explicit SharedList(std::vector<Item> items) : items_(std::move(items)) {}

  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const T& operator[](size_t at) const { return *items_[at]; }
  const T& front() const { return *items_.front(); }
  const T& back() const { return *items_.back(); }
  iterator begin() const { return iterator(items_.data()); }
  iterator end() const { return iterator(items_.data() + items_.size()); }

  /// As they are held. None is null.
  const std::vector<Item>& items() const { return items_; }

  void reserve(size_t size) { items_.reserve(size); }
  void push_back(T value) { items_.push_back(std::make_shared<const T>(std::move(value))); }
  void push_back(Item item) { items_.push_back(std::move(item)); }
  void insert(size_t at, Item item) {
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(at), std::move(item));
  }
  void replace(size_t at, Item item) { items_[at] = std::move(item); }
  void erase(size_t at) { items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at)); }

  bool operator==(const SharedList& other) const {
    if (size() != other.size()) return false;
    for (size_t i = 0; i < size(); ++i) {
      if (items_[i] != other.items_[i] && !((*this)[i] == other[i])) return false;
    }
    return true;
  }

 private:
  std::vector<Item> items_;
};

}  // namespace sallyport
