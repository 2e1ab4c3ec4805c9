#include "dataplane/base/small_pieces.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <thread>

namespace sallyport {
namespace {

class SmallPiecesTest : public testing::Test {
 protected:
  SmallPiecesTest() { SmallPieces::ebb(); }
};

TEST_F(SmallPiecesTest, WhatIsGivenBackIsForTheNextOfItsSize) {
  void* first = SmallPieces::allocate(100);
  void* other = SmallPieces::allocate(200);
  SmallPieces::release(first);
  void* larger = SmallPieces::allocate(200);
  EXPECT_NE(larger, first);
  void* again = SmallPieces::allocate(97);
  EXPECT_EQ(again, first);
  SmallPieces::release(larger);
  SmallPieces::release(again);
  SmallPieces::release(other);
  SmallPieces::release(nullptr);
}

TEST_F(SmallPiecesTest, HasRoomForAllThatWasAskedFor) {
  for (size_t size = 0; size < 10'000; size += 7) {
    void* first = SmallPieces::allocate(size);
    std::memset(first, 1, size);
    SmallPieces::release(first);
    void* again = SmallPieces::allocate(size);
    std::memset(again, 2, size);
    SmallPieces::release(again);
  }
}

TEST_F(SmallPiecesTest, KeepsWhatWasInOneThatGrows) {
  constexpr size_t kSizes[] = {1, 64, 65, 1024, 1025, 5000, 9000, 100'000};
  auto* bytes = static_cast<uint8_t*>(SmallPieces::resize(nullptr, 1));
  *bytes = 7;
  size_t had = 1;
  for (size_t size : kSizes) {
    bytes = static_cast<uint8_t*>(SmallPieces::resize(bytes, size));
    ASSERT_NE(bytes, nullptr);
    for (size_t i = 0; i < had; ++i) ASSERT_EQ(bytes[i], 7) << size << " " << i;
    std::memset(bytes, 7, size);
    had = size;
  }
  SmallPieces::release(bytes);
}

TEST_F(SmallPiecesTest, ZeroesAndRefusesWhatNobodyHas) {
  auto* dirty = static_cast<uint8_t*>(SmallPieces::allocate(64));
  std::memset(dirty, 0xff, 64);
  SmallPieces::release(dirty);
  auto* bytes = static_cast<uint8_t*>(SmallPieces::allocate_zeroed(8, 8));
  EXPECT_EQ(bytes, dirty);
  for (size_t i = 0; i < 64; ++i) EXPECT_EQ(bytes[i], 0);
  SmallPieces::release(bytes);
  EXPECT_EQ(SmallPieces::allocate_zeroed(std::numeric_limits<size_t>::max(), 2), nullptr);
}

TEST_F(SmallPiecesTest, MayBeGivenBackByAnotherThread) {
  void* mine = SmallPieces::allocate(300);
  std::thread([mine] {
    SmallPieces::ebb();
    SmallPieces::release(mine);
    EXPECT_EQ(SmallPieces::allocate(300), mine);
    SmallPieces::release(mine);
  }).join();
}

TEST_F(SmallPiecesTest, AreNotKeptByThreadsThatDoNotEbb) {
  void* mine = SmallPieces::allocate(300);
  std::thread([mine] {
    SmallPieces::release(mine);
    EXPECT_EQ(SmallPieces::kept(), 0u);
  }).join();
}

}  // namespace
}  // namespace sallyport
