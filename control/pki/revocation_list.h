// A certificate revocation list, version 2 (RFC 5280 section 5).
#pragma once

#include <cstdint>
#include <string>

#include "control/pki/certificate_authority.h"
#include "control/pki/issued_index.h"

namespace sallyport {

/// PEM of the list of all that `index` calls revoked, expired or not: a verifier may look at a
/// certificate as of an earlier time. `number` must be larger than in any list before (section
/// 5.2.3). Like a certificate it is valid from kClockSkewMax before `validity.now`.
Result<std::string> make_revocation_list(const CertificateAuthority& authority,
                                         const IssuedIndex& index, uint64_t number,
                                         const Validity& validity);

/// Whether every list of a PEM text is one that `authority` has issued.
bool has_lists_of_this_only(std::string_view pem, const CertificateAuthority& authority);

}  // namespace sallyport
