#include "dataplane/model/path_pattern.h"

#include <re2/re2.h>
#include <re2/stringpiece.h>

#include <algorithm>

#include "dataplane/model/complain.h"

namespace sallyport {
namespace {

// Of a pattern's program and of what RE2 remembers while it runs, each. Patterns of paths need a
// few KiB.
constexpr int64_t kMostMemory = 1 << 20;
constexpr size_t kMostText = 2048;

RE2::Options options() {
  RE2::Options options(RE2::Latin1);  // paths are ASCII
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  return options;
}

}  // namespace

PathPattern::PathPattern(std::string_view text, std::unique_ptr<const RE2> compiled)
    : text_(text),
      groups_(std::min(static_cast<size_t>(compiled->NumberOfCapturingGroups()), kMostGroups)),
      compiled_(std::move(compiled)) {}

PathPattern::~PathPattern() = default;

Result<std::shared_ptr<const PathPattern>> PathPattern::compile(std::string_view text) {
  if (!text.starts_with('/')) {
    return Error{in_quotes(text) + " does not begin with a slash, as every path does"};
  }
  if (text.size() > kMostText) {
    return Error{in_quotes(text) + " is too long for a pattern: write at most 2048 characters"};
  }
  auto compiled = std::make_unique<const RE2>(re2::StringPiece(text.data(), text.size()),
                                              options());
  if (!compiled->ok()) {
    return Error{in_quotes(text) + " is not a regular expression in RE2's syntax: " +
                 compiled->error()};
  }
  return std::shared_ptr<const PathPattern>(new PathPattern(text, std::move(compiled)));
}

bool PathPattern::matches(std::string_view path) const {
  return compiled_->Match(re2::StringPiece(path.data(), path.size()), 0, path.size(),
                          RE2::ANCHOR_START, nullptr, 0);
}

bool PathPattern::match(std::string_view path, Groups& out) const {
  re2::StringPiece found[kMostGroups + 1];
  if (!compiled_->Match(re2::StringPiece(path.data(), path.size()), 0, path.size(),
                        RE2::ANCHOR_START, found, static_cast<int>(groups_ + 1))) {
    return false;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = i <= groups_ ? std::string_view(found[i].data(), found[i].size())
                          : std::string_view();
  }
  return true;
}

}  // namespace sallyport
