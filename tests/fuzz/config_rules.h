// What must hold for every text that is taken for a configuration; used by the fuzzer and, on the
// corpus, by the unit tests.
#pragma once

#include <string_view>

#include "control/config_json.h"
#include "control/file/yaml_reader.h"
#include "dataplane/base/check.h"

namespace sallyport {

inline void check_config(std::string_view text) {
  ReadResult read = read_config(text, "edge.yaml");
  CHECK(read.config.has_value() == read.problems.empty());
  for (const Problem& problem : read.problems) {
    CHECK(problem.place.line >= 1 && problem.place.column >= 1);
    CHECK(!problem.message.empty());
  }
  if (!read.config) return;
  // What the API says of a configuration is a configuration that means the same.
  ReadResult again = read_config(to_json(*read.config), "edge.yaml");
  CHECK(again.config.has_value());
  CHECK(*again.config == *read.config);
}

}  // namespace sallyport
