#include "dataplane/observe/request_end.h"

namespace sallyport {

namespace {

constexpr const char* kNames[] = {
    "complete", "redirected", "answered", "tunnelled",
    "bad_request", "no_route", "forbidden", "too_large",
    "client_aborted", "client_timed_out", "no_endpoint", "connect_failed",
    "backend_failed", "backend_timed_out", "tunnel_broken", "timed_out",
    "drained",
};
static_assert(sizeof kNames / sizeof *kNames == kRequestEnds);

}  // namespace

const char* name(RequestEnd end) { return kNames[static_cast<size_t>(end)]; }

}  // namespace sallyport
