// What must hold of heads of HTTP/2 in the form of HTTP/1.1, for any fields whatever.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/wire/h2_head.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace h2_head_rules {

/// Of a head: a first line, fields, an empty line; of trailers the last two.
inline void check_lines(std::string_view text, size_t most_lines) {
  CHECK(text.ends_with("\r\n"));
  size_t lines = 0;
  while (!text.empty()) {
    size_t end = text.find("\r\n");
    CHECK(end != std::string_view::npos);
    std::string_view line = text.substr(0, end);
    CHECK(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    text.remove_prefix(end + 2);
    CHECK(line.empty() == text.empty());
    ++lines;
  }
  CHECK(lines <= most_lines);
}

inline void check_fields(std::span<const H2Field> fields) {
  bool regular = false;
  for (const H2Field& field : fields) {
    bool pseudo = field.name.starts_with(':');
    CHECK(!pseudo || !regular);
    regular = regular || !pseudo;
    CHECK(!field.name.empty());
    CHECK(std::none_of(field.name.begin(), field.name.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || c == '\r' || c == '\n'; }));
    CHECK(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    for (const char* name : {"connection", "upgrade", "transfer-encoding", "keep-alive"}) {
      CHECK(field.name != name);
    }
  }
}

inline void check_back(H2HeadText::Of of, std::string text) {
  static H2FieldArray out;
  MutableBytes bytes{reinterpret_cast<uint8_t*>(text.data()), text.size()};
  bool whole = of == H2HeadText::Of::Request    ? h2_request_fields(bytes, "https", out)
               : of == H2HeadText::Of::Response ? h2_response_fields(bytes, out)
                                                : h2_trailer_fields(bytes, out);
  if (whole) check_fields(out.all());
}

}  // namespace h2_head_rules

/// Two bytes that say of what, and whether the stream ends; then for each field the lengths of its
/// name and its value, a byte each, and both.
inline void check_h2_head(Bytes input) {
  if (input.size() < 2) return;
  auto of = static_cast<H2HeadText::Of>(input[0] % 3);
  bool end = input[1] & 1;
  input = input.subspan(2);
  static BlockPool pool;
  H2HeadText head(pool);
  Block out(pool);
  head.begin(of, 16 * 1024);
  size_t fields = 0;
  while (input.size() >= 2 && fields < 300) {
    size_t name = std::min<size_t>(input[0], input.size() - 2);
    size_t value = std::min<size_t>(input[1], input.size() - 2 - name);
    head.add(as_text(input.subspan(2, name)), as_text(input.subspan(2 + name, value)));
    input = input.subspan(2 + name + value);
    ++fields;
  }
  if (head.end(end, out) != H1Fault::None) {
    CHECK(out.empty());
    return;
  }
  std::string text(as_text(Bytes(out.rest())));
  h2_head_rules::check_lines(text, fields + 6);
  static RequestHead request;
  static ResponseHead response;
  H1Fault fault = H1Fault::None;
  if (of == H2HeadText::Of::Request) {
    fault = parse_request_head(out.rest(), 100, request);
    if (fault == H1Fault::None && end) CHECK(request.body != BodyKind::Chunked);
  } else if (of == H2HeadText::Of::Response) {
    fault = parse_response_head(out.rest(), FieldList::kMost, Method::Get, response);
  }
  // What goes on to HTTP/2 has been taken by the parser first.
  if (fault == H1Fault::None) h2_head_rules::check_back(of, text);
}

}  // namespace sallyport
