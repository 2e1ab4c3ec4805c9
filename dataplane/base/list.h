// An intrusive doubly linked list: an object in it carries its own links, so linking and
// unlinking allocate nothing and an object can leave without knowing the list.
#pragma once

#include "dataplane/base/check.h"

namespace sallyport {

/// A base of objects that can be in one List at a time (per Tag). Leaves its list when destroyed.
template <class Tag = void>
class ListLink {
 public:
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { unlink(); }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <class T, class U>
  friend class List;
  ListLink* next_ = nullptr;
  ListLink* previous_ = nullptr;
};

/// Does not own what is in it. REQUIRES: T derives from ListLink<Tag>.
template <class T, class Tag = void>
class List {
 public:
  List() { head_.next_ = head_.previous_ = &head_; }
  ~List() {
    while (!empty()) front().ListLink<Tag>::unlink();
    head_.next_ = head_.previous_ = nullptr;
  }
  List(const List&) = delete;
  List& operator=(const List&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  T& front() {
    DCHECK(!empty());
    return static_cast<T&>(*head_.next_);
  }
  T& back() {
    DCHECK(!empty());
    return static_cast<T&>(*head_.previous_);
  }
  void push_back(T& item) {
    ListLink<Tag>& link = item;
    DCHECK(!link.linked());
    link.previous_ = head_.previous_;
    link.next_ = &head_;
    head_.previous_->next_ = &link;
    head_.previous_ = &link;
  }
  /// Takes all of `other`, which is empty afterwards, in constant time.
  void splice_back(List& other) {
    if (other.empty()) return;
    ListLink<Tag>* first = other.head_.next_;
    ListLink<Tag>* last = other.head_.previous_;
    first->previous_ = head_.previous_;
    head_.previous_->next_ = first;
    last->next_ = &head_;
    head_.previous_ = last;
    other.head_.next_ = other.head_.previous_ = &other.head_;
  }
  /// Visits each; the visited item may unlink itself.
  template <class F>
  void for_each(F&& visit) {
    for (ListLink<Tag>* at = head_.next_; at != &head_;) {
      ListLink<Tag>* next = at->next_;
      visit(static_cast<T&>(*at));
      at = next;
    }
  }

 private:
  ListLink<Tag> head_;
};

}  // namespace sallyport
