// What must hold of every simulated run of HTTP, whoever spoke which version.
#pragma once

#include <string>

#include "tests/sim/http_world.h"

namespace sallyport::sim {

std::string describe(const HttpRequest& request);
std::string describe(const HttpAttempt& attempt);
std::string describe(const RequestLine& line);
/// Of all that was asked, answered and recorded: to understand a seed that fails.
std::string tell(const HttpWorld& world);

/// A response is what one backend sent, whole where it ends, and only the last attempt's.
void expect_honest_responses(const HttpLedger& ledger);
/// How often a request reaches backends: once, or more if that does no harm and nothing had come.
void expect_honest_attempts(const HttpWorld& world, const Faults& faults);
/// Of a backend that has said more than it should nobody knows what it will say next.
void expect_not_used_again(const HttpWorld& world);
/// The two directions of a tunnel: what is whole at one end has been said to be at the other.
void expect_honest_tunnels(const HttpWorld& world);
/// Responses come in order, and only the last of them may be broken off.
void expect_order(const HttpWorld& world);
/// One record for each request that began, and none that says more than is true.
void expect_true_records(const HttpWorld& world);
/// A connection takes at most one request more once the drain has begun: its answer is the last.
void expect_drained(const HttpWorld& world);

}  // namespace sallyport::sim
