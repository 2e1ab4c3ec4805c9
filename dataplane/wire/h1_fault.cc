#include <array>

#include "dataplane/wire/h1_head.h"

namespace sallyport {
namespace {

struct Row {
  H1Fault fault;
  const char* name;
  const char* text;
  uint16_t status = 400;
};

using enum H1Fault;
constexpr auto kRows = std::to_array<Row>({
    {None, "none", "nothing", 0},
    {BareLf, "bare_lf", "a line that ends in LF alone"},
    {BareCr, "bare_cr", "a CR that no LF follows"},
    {ControlCharacter, "control_character", "a control character"},
    {NotHttp, "not_http", "bytes that are not HTTP"},
    {BadMethod, "bad_method", "a method that is not a token"},
    {BadTarget, "bad_target", "a malformed request target"},
    {BadVersion, "bad_version", "a malformed protocol version"},
    {VersionNotSupported, "version_not_supported", "another version than HTTP/1", 505},
    {BadStatus, "bad_status", "a malformed status"},
    {SpaceBeforeColon, "space_before_colon", "white space between a field's name and its colon"},
    {ObsFold, "obs_fold", "a field's line that begins with white space"},
    {BadFieldName, "bad_field_name", "a malformed field name"},
    {BadFieldValue, "bad_field_value", "a malformed Connection field"},
    {NoHost, "no_host", "no Host field"},
    {SeveralHosts, "several_hosts", "several Host fields"},
    {InvalidHost, "invalid_host", "a malformed host"},
    {HostDiffers, "host_differs", "a Host that is not the target's"},
    {BadContentLength, "bad_content_length", "a malformed or impossible Content-Length"},
    {SeveralContentLengths, "several_content_lengths", "several values of Content-Length"},
    {LengthAndTransferEncoding, "length_and_transfer_encoding",
     "Content-Length beside Transfer-Encoding"},
    {BadTransferEncoding, "bad_transfer_encoding",
     "a Transfer-Encoding that is not exactly \"chunked\" where it may stand"},
    {BadUpgrade, "bad_upgrade", "a malformed or missing Upgrade"},
    {BadExpect, "bad_expect", "an expectation other than 100-continue", 417},
    {HeadTooLarge, "head_too_large", "a head that is too large", 431},
    {TooManyFields, "too_many_fields", "too many fields", 431},
    {BadChunkSize, "bad_chunk_size", "a malformed size of a chunk"},
    {BadChunkExtension, "bad_chunk_extension", "a malformed or too long extension of a chunk"},
    {BadChunkEnd, "bad_chunk_end", "a chunk that does not end in CRLF"},
    {BadTrailer, "bad_trailer", "a field that may not be a trailer"},
    {BadPseudoField, "bad_pseudo_field", "a malformed, missing or misplaced pseudo-header field"},
    {ConnectionField, "connection_field", "a field of HTTP/1 connections in HTTP/2"},
    {UnknownProtocol, "unknown_protocol", "a CONNECT for another protocol than websocket", 501},
});

constexpr bool in_order() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].fault) != i) return false;
  }
  return kRows.size() == static_cast<size_t>(Count);
}
static_assert(in_order(), "one row for each fault, in the order of the enum");

const Row& row(H1Fault fault) { return kRows[static_cast<size_t>(fault)]; }

}  // namespace

const char* name(H1Fault fault) { return row(fault).name; }
const char* text(H1Fault fault) { return row(fault).text; }
uint16_t status_of(H1Fault fault) { return row(fault).status; }

}  // namespace sallyport
