// Certificates and what is in them as text: PEM, and words for people.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/tls/openssl.h"

namespace sallyport {

/// The first certificate of a PEM text. Never null when it is a value.
Result<X509Ptr> parse_certificate(std::string_view pem);

Result<std::string> certificate_pem(X509& certificate);

/// Upper-case hexadecimal with an even number of digits, as the openssl program writes serials.
std::string serial_text(const ASN1_INTEGER& serial);

/// RFC 2253: "CN=bank". "no name" for an empty one.
std::string name_text(const X509_NAME& name);

/// Whole seconds. An ASN1_TIME that cannot be read is the end of 1969: long ago.
std::chrono::system_clock::time_point time_of(const ASN1_TIME& time);

/// RFC 3339 in UTC, "2026-12-01T00:00:00Z".
std::string time_text(std::chrono::system_clock::time_point time);

}  // namespace sallyport
