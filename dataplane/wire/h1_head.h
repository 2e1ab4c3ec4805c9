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
  ControlCharacter,       // NUL and the rest of them, in any place; HTAB is none
  NotHttp,                // the first bytes cannot become a request or status line
  BadMethod,
  BadTarget,
  BadVersion,
  VersionNotSupported,    // HTTP/2.0 and such in a request line: 505
  BadStatus,
  SpaceBeforeColon,
  ObsFold,
  BadFieldName,           // not a token; or "Content_Length" and "Transfer_Encoding", which some
                          // backends take for what they resemble
  BadFieldValue,          // an option in Connection that is not a token
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
  BadPseudoField,         // of HTTP/2: missing, twice, unknown, or not in front
  ConnectionField,
  UnknownProtocol,        // in HTTP/2, which has none: Connection, Transfer-Encoding and such
  Count,
};
const char* name(H1Fault fault);    // "bare_lf": for metrics and tests
const char* text(H1Fault fault);    // "a line that ends in LF alone": for logs
uint16_t status_of(H1Fault fault);  // 400, 417, 431, 505

/// Finds the end of a head in bytes that arrive in any segments, looking at each byte once, and
/// refuses what no further byte can mend, so that nobody waits for the rest of what is no HTTP:
/// control characters and line ends other than CRLF anywhere, a first line that does not begin like
/// one, a request line without a version. What it refuses does not depend on the segments.
class HeadScan {
 public:
  /// What the bytes begin with; a trailer section may be empty.
  enum class Of : uint8_t { Request, Response, Trailers };
  enum class Kind : uint8_t { NeedMore, Found, Refused };
  struct Result {
    Kind kind;
    size_t size = 0;               // Found: of the head with its empty line
    H1Fault fault = H1Fault::None;
  };

  explicit HeadScan(Of of = Of::Request) : of_(of) { reset(); }

  /// `received` is all that has come since the beginning of the head; it only grows between calls.
  /// A head of more than `most` bytes is HeadTooLarge. REQUIRES: the same `most` until reset().
  Result look(Bytes received, size_t most);
  void reset();

 private:
  enum class Phase : uint8_t { Start, FirstLine, Fields };

  H1Fault start(std::string_view seen);
  Result line_end(std::string_view seen);

  Of of_;
  Phase phase_;
  size_t scanned_;
};

/// One CRLF before a request line is passed over by the caller with this (RFC 9112 section 2.2),
/// once for each request and before HeadScan looks: how many bytes to skip, 0 or 2. Of half of it
/// HeadScan says NeedMore, of a second one NotHttp.
size_t leading_crlf(Bytes received);

/// REQUIRES: `head` is exactly what HeadScan found, and is neither changed nor freed as long as
/// `out` is used. `most_fields` is at most FieldList::kMost.
/// On a fault `out` is unspecified. Content-Length repeated with one value ("5, 5" or two fields)
/// is refused as well. A CONNECT is a BadTarget: nobody tunnels to where a client wishes.
H1Fault parse_request_head(Bytes head, size_t most_fields, RequestHead& out);

/// As parse_request_head(). `to` is the method of the request that is answered: it decides whether
/// there is a body. Refused as well: a 101 without Upgrade, interim statuses and 204 with the
/// length or coding of a body ("Content-Length: 0" with a 204 is common, and passes).
H1Fault parse_response_head(Bytes head, size_t most_fields, Method to, ResponseHead& out);

}  // namespace sallyport
