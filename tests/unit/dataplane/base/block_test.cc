#include "dataplane/base/block.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sallyport {
namespace {

std::string pattern(size_t size, char first = 'a') {
  std::string text(size, first);
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(first + i % 17);
  return text;
}

std::string text_of(const Block& block) { return std::string(as_text(block.rest())); }

TEST(Block, KeepsItsBytesWhileItGrowsThroughAllSizes) {
  BlockPool pool;
  Block block(pool);
  std::string all;
  for (size_t piece : {1u, 4095u, 1u, 16'000u, 5'000u, 60'000u, 1u, 80'000u}) {
    std::string more = pattern(piece, static_cast<char>('a' + piece % 7));
    block.append(as_bytes(more));
    all += more;
    ASSERT_EQ(text_of(block), all) << piece;
    EXPECT_EQ(block.room_size(), Block::kMost - all.size());
  }
  while (!all.empty()) {
    size_t n = std::min<size_t>(all.size(), 9'999);
    block.consumed(n);
    all.erase(0, n);
    ASSERT_EQ(text_of(block), all);
  }
  EXPECT_TRUE(block.empty());
}

TEST(Block, WhatWasConsumedMakesRoomWithoutALargerSize) {
  BlockPool pool;
  Block block(pool);
  std::string text = pattern(Block::kMost);
  block.append(as_bytes(text));
  block.consumed(1000);
  std::string more = pattern(1000, 'A');
  block.append(as_bytes(more));
  EXPECT_EQ(text_of(block), text.substr(1000) + more);
  EXPECT_EQ(block.room_size(), 0u);
}

TEST(Block, RoomIsATurnsWorthAndCountsWhatIsProduced) {
  BlockPool pool;
  Block block(pool);
  block.append(as_bytes("head"));
  MutableBytes room = block.room();
  ASSERT_GE(room.size(), Block::kSize - 4);
  room[0] = '!';
  EXPECT_EQ(text_of(block), "head");
  block.produced(1);
  EXPECT_EQ(text_of(block), "head!");
}

TEST(Block, GivesItsMemoryBackAndTheNextBorrowerGetsIt) {
  BlockPool pool;
  Block first(pool);
  first.append(as_bytes("x"));
  const uint8_t* memory = first.rest().data();
  first.consumed(1);
  Block second(pool);
  second.append(as_bytes("y"));
  EXPECT_EQ(second.rest().data(), memory);
  // Two that hold something never share.
  first.append(as_bytes("z"));
  EXPECT_NE(first.rest().data(), memory);
  EXPECT_EQ(text_of(second), "y");
}

TEST(Block, MovesWithItsBytes) {
  BlockPool pool;
  Block from(pool);
  from.append(as_bytes("bytes"));
  from.consumed(1);
  Block to(std::move(from));
  EXPECT_EQ(text_of(to), "ytes");
  Block other(pool);
  other.append(as_bytes("other"));
  other = std::move(to);
  EXPECT_EQ(text_of(other), "ytes");
}

}  // namespace
}  // namespace sallyport
