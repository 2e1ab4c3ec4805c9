#include "dataplane/observe/handshake_metrics.h"

namespace sallyport {

namespace {

constexpr const char* kPolicies[] = {"none",     "off",      "optional", "optional_no_ca",
                                     "required", "by_route"};
static_assert(sizeof kPolicies / sizeof *kPolicies == kClientPolicies);

constexpr const char* kErrors[] = {
    "hello_timeout",
    "hello_too_large",
    "hello_malformed",
    "not_tls",
    "unknown_sni",
    "no_sni",
    "site_refuses",
    "peer_left",
    "timeout",
    "version",
    "algorithms",
    "alpn",
    "peer_refuses_certificate",
    "peer_alert",
    "no_tls",
    "own_certificate",
    "other_name",
    "protocol",
    "certificate_missing",
    "certificate_unknown_issuer",
    "certificate_expired",
    "certificate_not_yet_valid",
    "certificate_revoked",
    "certificate_revocation_unknown",
    "certificate_too_deep",
    "certificate_wrong_use",
    "certificate_bad",
    "certificate_not_matched",
};
static_assert(sizeof kErrors / sizeof *kErrors == kHandshakeErrors);

constexpr const char* kVerdicts[] = {
    "none",    "good",               "unknown_issuer", "expired",   "not_yet_valid",
    "revoked", "revocation_unknown", "too_deep",       "wrong_use", "bad",
    "not_matched"};
static_assert(sizeof kVerdicts / sizeof *kVerdicts == kClientVerdicts);

}  // namespace

const char* name(ClientPolicy policy) { return kPolicies[static_cast<size_t>(policy)]; }
const char* name(HandshakeError error) { return kErrors[static_cast<size_t>(error)]; }
const char* client_verdict_name(size_t index) { return kVerdicts[index]; }

}  // namespace sallyport
