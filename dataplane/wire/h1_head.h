// Reading heads of HTTP/1.0 and 1.1 (RFC 9112), strictly: what two readers might read in two ways
// is refused, for the other reader stands behind us.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

/// Why a head or a body is not taken. One row each in h1_fault.cc: text, and the status that a
/// client is answered with (a backend's faults are all 502).
enum class H1Fault : uint8_t {
  None,
  BareLf,
  BareCr,
  ControlCharacter,       // NUL and the rest of them, in any place
  NotHttp,                // the first bytes cannot become a request or status line
  BadMethod,
  BadTarget,
  BadVersion,
  VersionNotSupported,    // HTTP/2.0 and such in a request line: 505
  BadStatus,
  SpaceBeforeColon,
  ObsFold,
  BadFieldName,
  BadFieldValue,
  NoHost,
  SeveralHosts,
  InvalidHost,
  HostDiffers,            // from the authority of an absolute target
  BadContentLength,
  SeveralContentLengths,
  LengthAndTransferEncoding,
  BadTransferEncoding,    // anything but exactly one "chunked", in HTTP/1.1
  BadUpgrade,
  BadExpect,              // anything but 100-continue: 417
  HeadTooLarge,           // 431
  TooManyFields,          // 431
  BadChunkSize,
  BadChunkExtension,
  BadChunkEnd,            // what follows the data is not CRLF
  BadTrailer,
  Count,
};
const char* text(H1Fault fault);    // "a line that ends in LF alone": for logs and tests
uint16_t status_of(H1Fault fault);  // 400, 417, 431, 505

/// Finds the end of a head in bytes that arrive in any segments, looking at each byte once, and
/// refuses what no further byte can mend.
class HeadScan {
 public:
  enum class Kind : uint8_t { NeedMore, Found, Refused };
  struct Result {
    Kind kind;
    size_t size = 0;               // Found: of the head with its empty line
    H1Fault fault = H1Fault::None;
  };
  /// `received` is all that has come since the beginning of the head; it only grows between calls.
  /// More than `most` bytes without an end are HeadTooLarge.
  Result look(Bytes received, size_t most);
  void reset() { scanned_ = 0; }

 private:
  size_t scanned_ = 0;
};

/// One CRLF before a request line is passed over by the caller with this (RFC 9112 section 2.2):
/// how many bytes to skip, 0 or 2.
size_t leading_crlf(Bytes received);

/// REQUIRES: `head` is exactly what HeadScan found. `most_fields` is at most FieldList::kMost.
/// On a fault `out` is unspecified. Content-Length repeated with one value ("5, 5" or two fields) is
/// refused as well.
H1Fault parse_request_head(Bytes head, size_t most_fields, RequestHead& out);

/// `to` is the method of the request that is answered: it decides whether there is a body.
/// A 101 without Upgrade, and interim statuses with a body, are refused.
H1Fault parse_response_head(Bytes head, size_t most_fields, Method to, ResponseHead& out);

}  // namespace sallyport
