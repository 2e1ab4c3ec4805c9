#include "dataplane/base/spares.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "dataplane/base/block.h"
#include "dataplane/base/small_pieces.h"

namespace sallyport {
namespace {

TEST(Spares, TheNextWaveFindsWhatTheLastHadInUse) {
  Spares spares(4);
  spares.lend(100);
  spares.take_back(100);
  EXPECT_EQ(spares.ebb(100), 0);
  spares.lend(60);
  spares.take_back(60);
  EXPECT_EQ(spares.ebb(100), 20) << "a half of what the last wave had no use for";
}

TEST(Spares, WhenAllIsQuietOnlyAFewAreKept) {
  Spares spares(4);
  spares.lend(100);
  spares.take_back(100);
  ptrdiff_t idle = 100;
  idle -= spares.ebb(idle);
  EXPECT_EQ(idle, 100);
  for (int second = 0; second < 10; ++second) idle -= spares.ebb(idle);
  EXPECT_EQ(idle, 4);
}

TEST(Spares, WhatIsLentIsNotAskedFor) {
  Spares spares(4);
  spares.lend(100);
  EXPECT_EQ(spares.ebb(0), 0);
  spares.take_back(50);
  EXPECT_EQ(spares.ebb(50), 0) << "all were in use a moment ago";
  EXPECT_EQ(spares.ebb(50), 25) << "a half of what was not in use since";
}

TEST(Spares, WhatOthersHadLentMayBeGivenBack) {
  Spares spares(4);
  spares.take_back(10);
  EXPECT_EQ(spares.ebb(10), 0) << "here there are no more than nothing";
  spares.lend(10);
  EXPECT_EQ(spares.ebb(0), 0);
}

TEST(Spares, BlocksOfAWaveAreFreedAfterIt) {
  BlockPool pool;
  std::vector<std::unique_ptr<uint8_t[]>> wave;
  for (int i = 0; i < 1000; ++i) wave.push_back(pool.borrow(0));
  for (auto& memory : wave) pool.give_back(std::move(memory), 0);
  pool.ebb();
  EXPECT_EQ(pool.kept(0), 1000u);
  for (int second = 0; second < 10; ++second) pool.ebb();
  EXPECT_EQ(pool.kept(0), 256u);
}

TEST(Spares, SmallPiecesOfAWaveAreFreedAfterIt) {
  SmallPieces::ebb();
  std::vector<void*> wave;
  for (int i = 0; i < 8192; ++i) wave.push_back(SmallPieces::allocate(1000));
  for (void* piece : wave) SmallPieces::release(piece);
  SmallPieces::ebb();
  EXPECT_GE(SmallPieces::kept(), 8192u * 1000);
  for (int second = 0; second < 20; ++second) SmallPieces::ebb();
  EXPECT_LE(SmallPieces::kept(), 64u * 1024 + 1000);
}

TEST(Spares, SmallPiecesOfOtherThreadsAreNotKeptForEver) {
  SmallPieces::ebb();
  for (int wave = 0; wave < 3; ++wave) {
    std::vector<void*> pieces;
    std::thread([&] {
      for (int i = 0; i < 2000; ++i) pieces.push_back(SmallPieces::allocate(1000));
    }).join();
    for (void* piece : pieces) SmallPieces::release(piece);
  }
  for (int second = 0; second < 40; ++second) SmallPieces::ebb();
  EXPECT_LE(SmallPieces::kept(), 64u * 1024 + 1000);
}

}  // namespace
}  // namespace sallyport
