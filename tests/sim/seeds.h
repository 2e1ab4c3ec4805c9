// Which seeds a simulation test runs.
#pragma once

#include <cstdint>
#include <vector>

namespace sallyport::sim {

/// Those of tests/sim/seeds.txt, which once failed, and then 1 to 256; or, instead of the latter,
/// what the environment's SALLYPORT_SEEDS asks for: a count ("10000"), a range ("500..600"), or one
/// ("17..17").
std::vector<uint64_t> seeds();

}  // namespace sallyport::sim
