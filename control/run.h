// `sallyport run`: the process from start to drained.
#pragma once

#include <string>

namespace sallyport {

struct RunOptions {
  std::string file;
  bool ssl_passthrough = false;  // as kubernetes.ssl_passthrough in the file
};

/// Runs with the configuration file until SIGTERM (drains) or SIGINT (ends at once). SIGHUP applies
/// the file again. Returns the exit status: 0 after an end that was asked for, 1 when the
/// configuration is invalid or cannot be applied at the start (each problem is on stderr).
/// REQUIRES: called once, before other threads exist: it blocks signals for all of them.
int run(const RunOptions& options);

}  // namespace sallyport
