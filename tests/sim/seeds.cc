#include "tests/sim/seeds.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include "dataplane/base/check.h"

namespace sallyport::sim {

namespace {

std::vector<uint64_t> seeds_that_failed() {
  std::ifstream file(SALLYPORT_SOURCE_DIR "/tests/sim/seeds.txt");
  CHECK(file.is_open());
  std::vector<uint64_t> found;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') found.push_back(std::stoull(line));
  }
  return found;
}

}  // namespace

std::vector<uint64_t> seeds(uint64_t most) {
  uint64_t first = 1;
  uint64_t last = most;
  std::vector<uint64_t> all;
  if (const char* asked = std::getenv("SALLYPORT_SEEDS")) {
    std::string text = asked;
    size_t dots = text.find("..");
    last = std::stoull(dots == std::string::npos ? text : text.substr(dots + 2));
    if (dots != std::string::npos) first = std::stoull(text.substr(0, dots));
    if (dots == std::string::npos) all = seeds_that_failed();
  } else {
    all = seeds_that_failed();
  }
  for (uint64_t seed = first; seed <= last; ++seed) {
    if (std::find(all.begin(), all.end(), seed) == all.end()) all.push_back(seed);
  }
  return all;
}

}  // namespace sallyport::sim
