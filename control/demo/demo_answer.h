// What a demo backend answers: plain text that says who answered and what reached it.
#pragma once

#include <optional>
#include <string>

#include "control/demo/http_request.h"
#include "control/demo/tls_server.h"
#include "dataplane/base/address.h"

namespace sallyport {

/// What the answer tells beside the request.
struct AnswerFacts {
  std::string backend;         // the first line of the answer
  Address peer;                // who connected to the backend
  std::optional<TlsSeen> tls;  // none: the connection was plain
};

/// A whole HTTP/1.1 response: to GET and HEAD what was asked for, to any other method a 405. It
/// announces that the connection stays open exactly when keeps_open(request).
std::string answer(const HttpRequest& request, const AnswerFacts& facts);

/// A request with a body ends the connection: the body is not read, and must not be taken for the
/// next request.
bool keeps_open(const HttpRequest& request);

/// The response to what is no request; the connection ends with it. `status`: "400 Bad Request".
std::string refusal(const std::string& status);

}  // namespace sallyport
