// Fixed blocks of memory for bytes that must wait, pooled per worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/base/check.h"

namespace sallyport {

class BlockPool;

///   data_
///   |......#########..............|
///   0      begin_   end_          kSize
///          \_ rest()_/\_ room() __/
///
/// Empty blocks own no memory: it is borrowed when the first byte has to wait and given back when
/// the last has gone, so that an idle connection costs none.
class Block {
 public:
  /// One turn's worth: 64 KiB of payload, with TLS' overhead of 22 bytes for each 16 KiB and room
  /// for a few small records beside it.
  static constexpr size_t kSize = 68 * 1024;

  explicit Block(BlockPool& pool) : pool_(&pool) {}
  ~Block() { clear(); }
  Block(Block&& other) noexcept { *this = std::move(other); }
  Block& operator=(Block&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    return *this;
  }

  bool empty() const { return begin_ == end_; }
  Bytes rest() const { return {data_.get() + begin_, end_ - begin_}; }
  /// Borrows memory if there is none yet. What is written there counts after produced().
  MutableBytes room();
  size_t room_size() const { return kSize - end_; }
  void produced(size_t n) {
    DCHECK(end_ + n <= kSize);
    end_ += n;
  }
  void consumed(size_t n) {
    DCHECK(begin_ + n <= end_);
    begin_ += n;
    if (empty()) clear();
  }
  /// REQUIRES: bytes fit into room().
  void append(Bytes bytes) {
    if (bytes.empty()) return;
    MutableBytes to = room();
    CHECK(bytes.size() <= to.size());
    std::memcpy(to.data(), bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  /// Gives the memory back.
  void clear();

 private:
  BlockPool* pool_ = nullptr;
  std::unique_ptr<uint8_t[]> data_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

/// Thread: one worker's. Keeps what is given back, up to a few, for the next borrower.
class BlockPool {
 public:
  std::unique_ptr<uint8_t[]> borrow() {
    if (idle_.empty()) return std::unique_ptr<uint8_t[]>(new uint8_t[Block::kSize]);
    std::unique_ptr<uint8_t[]> memory = std::move(idle_.back());
    idle_.pop_back();
    return memory;
  }
  void give_back(std::unique_ptr<uint8_t[]> memory) {
    if (idle_.size() < kKept) idle_.push_back(std::move(memory));
  }

 private:
  static constexpr size_t kKept = 64;
  std::vector<std::unique_ptr<uint8_t[]>> idle_;
};

inline MutableBytes Block::room() {
  if (!data_) data_ = pool_->borrow();
  return {data_.get() + end_, kSize - end_};
}

inline void Block::clear() {
  if (data_) pool_->give_back(std::move(data_));
  begin_ = end_ = 0;
}

}  // namespace sallyport
