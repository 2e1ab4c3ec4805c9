// `sallyport check`: everything that `run` would find wrong, without running.
#pragma once

#include <string>

namespace sallyport {

struct CheckOptions {
  std::string file;
  bool secrets = true;  // read key material and check it against the sites
  bool json = false;
};

/// Prints every problem (stdout as JSON, else stderr) and returns 0 for a valid file, 1 otherwise.
int check(const CheckOptions& options);

}  // namespace sallyport
