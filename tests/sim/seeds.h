// Which seeds a simulation test runs.
#pragma once

#include <cstdint>
#include <vector>

namespace sallyport::sim {

/// Those of tests/sim/seeds.txt, which once failed, and then the first `most`; or, instead of the
/// latter, what the environment's SALLYPORT_SEEDS asks for: a count ("10000"), a range
/// ("500..600"), or one ("17..17").
std::vector<uint64_t> seeds(uint64_t most = 256);

}  // namespace sallyport::sim
