// The command line of `sallyport pki`.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace sallyport {

/// Adds the command and its four own. When one of them was given, parsing sets `action` to what
/// does it and returns the exit status. REQUIRES: `action` outlives the parsing.
void add_pki_command(CLI::App& app, std::function<int()>& action);

}  // namespace sallyport
