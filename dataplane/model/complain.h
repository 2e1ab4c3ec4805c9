// How validation words what it finds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

/// More is no configuration with mistakes but something else, of which it is enough to see some.
constexpr size_t kMostProblems = 1000;

/// Reports `message` about what is written at `place`, unless there are kMostProblems already.
void complain(Problems& problems, const Place& place, std::string message);

/// `"web" is not declared (declared: api, static)`, with the nearest first if one is near.
std::string not_declared(std::string_view name, const std::vector<std::string>& declared);

/// The word of `words` that `text` was probably meant to be; empty if none is close.
std::string nearest(std::string_view text, const std::vector<std::string>& words);

/// `text` in quotes, without its end if it is very long.
std::string in_quotes(std::string_view text);

/// Whether `name` may name a listener, service or secret: it will stand in logs, metrics and
/// paths. Complains if not.
bool check_name(const Written<std::string>& name, Problems& problems);

/// Whether a limit of bodies is there, and one that can be. Complains if it is none.
bool check_body_size(const Written<uint64_t>& size, Problems& problems);

/// The networks of a list. Complains about each that is none.
std::vector<Network> check_networks(const WrittenList<std::string>& list, Problems& problems);

/// The protocol names of an ALPN list (RFC 7301 section 3.1). Complains about each that is none.
std::vector<std::string> check_alpn(const WrittenList<std::string>& list, Problems& problems);

}  // namespace sallyport
