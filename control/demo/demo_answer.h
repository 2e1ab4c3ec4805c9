// What a demo backend answers: plain text that says who answered and what reached it.
#pragma once

#include <optional>
#include <string>

#include "control/demo/demo_request.h"
#include "control/demo/tls_server.h"
#include "dataplane/base/address.h"

namespace sallyport {

/// What the answer tells beside the request.
struct AnswerFacts {
  std::string backend;         // the first line of the answer
  Address peer;                // who connected to the backend
  std::optional<TlsSeen> tls;  // none: the connection was plain
};

/// A whole HTTP/1.1 response that shows the last of `requests`, head and the beginning of its body,
/// whatever its method; to HEAD without a body. It announces that the connection stays open exactly
/// when the request wants that.
std::string answer(const DemoRequests& requests, const AnswerFacts& facts);

/// The response to what was refused; the connection ends with it.
std::string refusal(H1Fault fault);

}  // namespace sallyport
