// What becomes of a client by what its certificate is: the one table.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/model/config.h"

namespace sallyport {

/// What a client's certificate is, by one set of authorities and rules.
enum class ClientVerdict : uint8_t {
  None,               // there is none
  Good,
  UnknownIssuer,      // nobody whom we know has issued it, or only the client itself
  Expired,            // it, or one of its issuers
  NotYetValid,        // likewise
  Revoked,            // likewise
  RevocationUnknown,  // no list of the issuer, or one that is too old, or not good itself
  TooDeep,            // more intermediates than are allowed
  WrongUse,           // it is not for clients
  Bad,                // anything else: broken, weak, signed by what may not sign
  NotMatched,         // good, but not one of those that are let in
};

/// What a client with such a certificate gets where it is not let in.
struct ClientOutcome {
  ClientVerdict verdict;
  const char* name;    // "unknown_issuer": in documents and metrics
  bool optional;       // let in with verify: optional
  bool optional_no_ca; // let in with verify: optional_no_ca
  bool required;       // let in with verify: required
  /// Where a response can be given. 495 and 496 are 400 on the wire, and tell logs apart.
  uint16_t status;
  /// Where the handshake ends instead (RFC 8446 section 6.2). 116 is 40 in TLS 1.2.
  uint8_t alert;
};

std::span<const ClientOutcome> client_outcomes();
const ClientOutcome& outcome_of(ClientVerdict verdict);
/// Whether `verify` lets a client in. With `off` everybody is.
bool lets_in(VerifyClient verify, ClientVerdict verdict);

/// Of an X509_V_ERR code. REQUIRES: it is not X509_V_OK.
ClientVerdict verdict_of_error(int error);
/// A code for which OpenSSL sends the alert: it has its own table, which ours overrules.
int error_with_alert(uint8_t alert);

}  // namespace sallyport
