// Credentials from a program, as kubectl gets them.
#pragma once

#include <string>
#include <string_view>

#include "control/kube/access.h"
#include "dataplane/base/clock.h"

namespace sallyport::kube {

struct ExecCredential {
  std::string token;                   // or:
  std::string client_crt, client_key;  // PEM, both or neither
  int64_t expires = 0;                 // seconds since 1970; 0: it does not say
};

/// What the program's output says. Bounded by the caller; hostile text is an error.
Result<ExecCredential> parse_exec_credential(std::string_view json, std::string_view api_version);

/// Runs the program of `access` and reads its output. It is killed after `most`, and gets no input;
/// what it writes to stderr goes to ours. Blocks.
Result<ExecCredential> run_exec_plugin(const Access& access, Millis most);

}  // namespace sallyport::kube
