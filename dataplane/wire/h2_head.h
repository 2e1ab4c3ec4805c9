// Heads of HTTP/2 in the form of HTTP/1.1, and back: what one version says and the other does not
// is in this one place, with what is refused in the translation (RFC 9113 section 8).
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "dataplane/base/block.h"
#include "dataplane/wire/h1_head.h"
#include "dataplane/wire/h2_frames.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

/// Collects the fields of one block as they come, and writes them as a head of HTTP/1.1, so that
/// one parser refuses what is to be refused, whatever version it came in:
///
///     :method GET                       GET /a?b HTTP/1.1
///     :path /a?b                  ►     Host: example.com
///     :authority example.com            accept: */*
///     accept */*                        cookie: a=1; b=2
///     cookie a=1 │ cookie b=2
///
/// Without a length, a body that follows is announced as chunked: its end is known by its framing.
/// An extended CONNECT (RFC 8441) becomes the GET with an Upgrade that means the same.
class H2HeadText {
 public:
  enum class Of : uint8_t { Request, Response, Trailers };

  explicit H2HeadText(BlockPool& blocks) : pseudo_(blocks), fields_(blocks), cookies_(blocks) {}

  /// Of at most `most` bytes; what is beyond that is counted and forgotten.
  void begin(Of of, size_t most);
  void add(std::string_view name, std::string_view value);
  /// Writes the head, or trailers as they stand behind a last chunk, or nothing and why.
  /// `to`: the method that a response is for.
  H1Fault end(bool end_of_stream, Block& out, Method to = Method::Get);

  /// Bytes of names and values so far.
  size_t size() const { return size_; }
  /// Of a response, as far as it is known; 0: it is not.
  uint16_t status() const { return status_; }
  /// Of a request, as far as it is known: the response must not have a body, whatever else is said.
  bool is_head() const { return ranges_[kMethod].given && text(kMethod) == "HEAD"; }
  void clear();

 private:
  enum Pseudo : uint8_t { kMethod, kScheme, kAuthority, kPath, kProtocol, kStatus, kPseudos };
  struct Range {
    size_t begin = 0, size = 0;
    bool given = false;
  };

  void add_pseudo(std::string_view name, std::string_view value);
  void add_field(std::string_view name, std::string_view value);
  std::string_view text(Pseudo which) const;
  H1Fault check_request();
  H1Fault check_method();
  void write_request_line(Block& out) const;

  Of of_ = Of::Request;
  H1Fault fault_ = H1Fault::None;
  bool regular_ = false;       // a field that is no pseudo-header has come
  bool has_length_ = false;
  uint16_t status_ = 0;
  size_t size_ = 0;
  size_t most_ = 0;
  size_t hosts_ = 0;
  Range ranges_[kPseudos];
  Range host_range_;
  Block pseudo_;               // their values, and Host's
  Block fields_;               // lines
  Block cookies_;              // crumbs, joined
};

/// From a whole head as forwarding.cc writes it, or from the lines of trailers; changes the names
/// to lower case where they stand. What belongs to connections of HTTP/1 is left out; an Upgrade to
/// websocket becomes an extended CONNECT, and the 101 to it a 200 (RFC 8441). False: there are more
/// fields than there is room for.
bool h2_response_fields(MutableBytes head, H2FieldArray& out);
bool h2_request_fields(MutableBytes head, std::string_view scheme, H2FieldArray& out);
bool h2_trailer_fields(MutableBytes lines, H2FieldArray& out);

}  // namespace sallyport
