#include "dataplane/base/sparse_piece.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace sallyport {
namespace {

// Small ones besides, so that their ends lie in the pages of their neighbours.
TEST(SparsePiece, IsAllOfItsOwnersAndTakesNothingFromItsNeighbours) {
  constexpr size_t kSizes[] = {1, 100, 4096, 5000, 16394, 100'000};
  std::vector<std::pair<uint8_t*, size_t>> pieces;
  for (int round = 0; round < 20; ++round) {
    for (size_t size : kSizes) {
      bool sparse = (round + size) % 2 == 0;
      auto* piece = static_cast<uint8_t*>(sparse ? allocate_sparse(size) : std::malloc(size));
      ASSERT_NE(piece, nullptr);
      std::memset(piece, static_cast<int>(1 + pieces.size() % 250), size);
      pieces.emplace_back(piece, size);
    }
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    auto [piece, size] = pieces[i];
    for (size_t at = 0; at < size; ++at) ASSERT_EQ(piece[at], 1 + i % 250) << i << ", " << at;
    std::free(piece);
  }
}

}  // namespace
}  // namespace sallyport
