// The one way to a Config: a Draft in which nothing is wrong.
#pragma once

#include <optional>

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// Either a configuration or all that is wrong with it, in the order in which it is written.
struct ReadResult {
  std::optional<Config> config;  // exactly when there are no problems
  Problems problems;
};

/// Resolves names, spells out defaults, and refuses contradictions and whatever would have no
/// effect. `found` is what the Draft's maker has found wrong with it: any of it, too, leaves no
/// Config, but the rest is checked all the same, so that one look shows every problem (of more
/// than 1000, the first found). Pure: reads no file, and says nothing of what is in a secret.
ReadResult validate(const Draft& draft, Problems found);

}  // namespace sallyport
