// Blocks of memory for bytes that must wait, in a few sizes, pooled per worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/base/check.h"
#include "dataplane/base/spares.h"

namespace sallyport {

class BlockPool;

///   data_
///   |......#########..............|
///   0      begin_   end_          capacity_
///          \_ rest()_/\_ room() __/
///
/// Empty blocks own no memory: it is borrowed when the first byte has to wait and given back when
/// the last has gone, so that an idle connection costs none. A block takes the smallest size that
/// holds what waits, and moves to a larger one when more comes.
class Block {
 public:
  /// One turn's worth: 64 KiB of payload, with TLS' overhead of 22 bytes for each 16 KiB and room
  /// for a few small records beside it.
  static constexpr size_t kSize = 68 * 1024;
  /// A head of an HTTP message, one TLS record, one turn, and a turn between the longest head and
  /// the longest trailers.
  static constexpr std::array<size_t, 4> kSizes = {4 * 1024, 20 * 1024, kSize, 256 * 1024};
  static constexpr size_t kMost = kSizes.back();

  explicit Block(BlockPool& pool) : pool_(&pool) {}
  ~Block() { clear(); }
  Block(Block&& other) noexcept { *this = std::move(other); }
  Block& operator=(Block&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(size_class_, other.size_class_);
    return *this;
  }

  bool empty() const { return begin_ == end_; }
  Bytes rest() const { return {data_.get() + begin_, end_ - begin_}; }
  MutableBytes rest() { return {data_.get() + begin_, end_ - begin_}; }
  /// Room for a turn's worth in all. What is written there counts after produced().
  MutableBytes room();
  /// How much append() would take.
  size_t room_size() const { return kMost - (end_ - begin_); }
  void produced(size_t n) {
    DCHECK(end_ + n <= kSizes[size_class_]);
    end_ += n;
  }
  void consumed(size_t n) {
    DCHECK(begin_ + n <= end_);
    begin_ += n;
    if (empty()) clear();
  }
  /// REQUIRES: at most room_size() bytes, which are not the block's own.
  void append(Bytes bytes) {
    if (bytes.empty()) return;
    make_room(bytes.size());
    std::memcpy(data_.get() + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  /// Gives the memory back.
  void clear();

 private:
  void make_room(size_t more);

  BlockPool* pool_ = nullptr;
  std::unique_ptr<uint8_t[]> data_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint8_t size_class_ = 0;
};

/// Thread: one worker's. Keeps what is given back for the next borrower.
class BlockPool {
 public:
  std::unique_ptr<uint8_t[]> borrow(size_t size_class) {
    spares_[size_class].lend();
    auto& idle = idle_[size_class];
    if (idle.empty()) return std::unique_ptr<uint8_t[]>(new uint8_t[Block::kSizes[size_class]]);
    std::unique_ptr<uint8_t[]> memory = std::move(idle.back());
    idle.pop_back();
    return memory;
  }
  void give_back(std::unique_ptr<uint8_t[]> memory, size_t size_class) {
    spares_[size_class].take_back();
    idle_[size_class].push_back(std::move(memory));
  }
  /// To be called once a second or so: frees what there is no use for.
  void ebb() {
    for (size_t i = 0; i < idle_.size(); ++i) {
      idle_[i].resize(idle_[i].size() - spares_[i].ebb(std::ssize(idle_[i])));
    }
  }
  size_t kept(size_t size_class) const { return idle_[size_class].size(); }

 private:
  // Of the first two, what the streams of one connection use.
  std::array<Spares, Block::kSizes.size()> spares_{Spares(256), Spares(128), Spares(64), Spares(4)};
  std::array<std::vector<std::unique_ptr<uint8_t[]>>, Block::kSizes.size()> idle_;
};

inline MutableBytes Block::room() {
  if (!data_ || kSizes[size_class_] < kSize) make_room(kSize - (end_ - begin_));
  return {data_.get() + end_, kSizes[size_class_] - end_};
}

inline void Block::make_room(size_t more) {
  size_t held = end_ - begin_;
  if (data_ && end_ + more <= kSizes[size_class_]) return;
  uint8_t fitting = 0;
  while (kSizes[fitting] < held + more) {
    ++fitting;
    CHECK(fitting < kSizes.size());
  }
  if (data_ && fitting <= size_class_) {
    std::memmove(data_.get(), data_.get() + begin_, held);
  } else {
    std::unique_ptr<uint8_t[]> larger = pool_->borrow(fitting);
    if (held > 0) std::memcpy(larger.get(), data_.get() + begin_, held);
    if (data_) pool_->give_back(std::move(data_), size_class_);
    data_ = std::move(larger);
    size_class_ = fitting;
  }
  begin_ = 0;
  end_ = held;
}

inline void Block::clear() {
  if (data_) pool_->give_back(std::move(data_), size_class_);
  begin_ = end_ = 0;
}

}  // namespace sallyport
