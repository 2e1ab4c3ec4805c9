#include "dataplane/model/name_pattern.h"

#include <re2/re2.h>

#include "dataplane/model/complain.h"

namespace sallyport {

namespace {

// No names need more, and whoever writes one is not let at the process' memory.
constexpr size_t kMostOfPattern = 1024;
constexpr int64_t kMostMemory = 1 << 20;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  return options;
}

}  // namespace

Result<std::string> parse_name_pattern(const std::string& pattern) {
  if (pattern.empty()) return Error{"is empty: write a regular expression"};
  if (pattern.size() > kMostOfPattern) {
    return Error{in_quotes(pattern) + " is longer than 1024 bytes"};
  }
  RE2 compiled(pattern, options());
  if (compiled.ok()) return pattern;
  return Error{in_quotes(pattern) + " is no regular expression of RE2: " + compiled.error()};
}

// Compiled for each use, which is once for each client's certificate and little beside its
// signature: values in a configuration need no life of their own.
bool matches_whole(const std::string& pattern, const std::string& text) {
  RE2 compiled(pattern, options());
  return compiled.ok() && RE2::FullMatch(text, compiled);
}

bool matches_somewhere(const std::string& pattern, const std::string& text) {
  RE2 compiled(pattern, options());
  return compiled.ok() && RE2::PartialMatch(text, compiled);
}

}  // namespace sallyport
