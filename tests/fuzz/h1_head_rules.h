// What must hold of requests and responses of HTTP/1 for any bytes whatever. Shared by the fuzz
// targets and by the unit tests that run the corpus.
#pragma once

#include <vector>

#include "dataplane/wire/authority.h"
#include "dataplane/wire/h1_writer.h"
#include "dataplane/wire/http_char.h"
#include "tests/fuzz/h1_reading.h"

namespace sallyport {
namespace h1_rules {

inline uint64_t seed_of(Bytes bytes) {
  uint64_t seed = 14695981039346656037u;
  for (uint8_t b : bytes) seed = (seed ^ b) * 1099511628211u;
  return seed;
}

/// What is taken has no byte in it that another reader could end a line at.
inline void check_fields(const FieldList& fields) {
  CHECK(fields.size() <= h1_reading::kMostFields);
  for (const Field& f : fields.all()) {
    CHECK(is_token(f.name));
    for (char c : f.value) CHECK(!is_char(kControl, c));
    CHECK(f.value.empty() || (f.value.front() != ' ' && f.value.front() != '\t'));
    CHECK(f.value.empty() || (f.value.back() != ' ' && f.value.back() != '\t'));
  }
}

template <class Head>
void check_framing(const Head& head) {
  int lengths = 0, codings = 0;
  for (const Field& f : head.fields.all()) {
    lengths += same_name(f.name, "content-length");
    codings += same_name(f.name, "transfer-encoding");
  }
  CHECK(lengths + codings <= 1);
  CHECK(codings == 0 || head.minor == 1);
  if (head.body == BodyKind::Length) CHECK(lengths == 1 && head.length <= INT64_MAX);
  if (head.body == BodyKind::Chunked) CHECK(codings == 1);
  if (head.body != BodyKind::Length) CHECK(head.length == 0);
}

/// `write` writes a head; its bytes.
template <class Write>
std::string written(Write write) {
  std::vector<uint8_t> room(h1_reading::kMostHead * 2);
  H1Writer writer(room);
  write(writer);
  CHECK(!writer.overflown());
  return std::string(as_text(writer.written()));
}

inline std::string without_lines(std::string facts, std::initializer_list<std::string_view> names) {
  std::string kept;
  while (!facts.empty()) {
    std::string line = facts.substr(0, facts.find('\n') + 1);
    facts.erase(0, line.size());
    bool out = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
      return line.starts_with(std::string(name) + " ");
    });
    if (!out) kept += line;
  }
  return kept;
}

inline void check_request_head(const std::string& bytes) {
  static RequestHead head, again;
  CHECK(parse_request_head(as_bytes(bytes), h1_reading::kMostFields, head) == H1Fault::None);
  check_fields(head.fields);
  check_framing(head);
  CHECK(head.body != BodyKind::UntilClose);
  CHECK(is_token(head.method_text) && head.method == method_of(head.method_text));
  CHECK(head.path == "*" || (head.path.starts_with('/') && all_chars(kPathChar, head.path)));
  CHECK(head.query.empty() || (head.query.front() == '?' && all_chars(kTargetChar, head.query)));
  Authority authority;
  CHECK(parse_authority(head.authority, authority) && authority.host == head.host);
  CHECK(!head.expects_continue || head.body != BodyKind::None);

  std::string copy = written([](H1Writer& to) {
    to.put(head.method_text);
    to.put(' ');
    to.put(head.path);
    to.put(head.query);
    to.put(head.minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    for (const Field& f : head.fields.all()) {
      to.field(f.name, f.id == FieldName::Host ? head.authority : f.value);
    }
    to.put("\r\n");
  });
  HeadScan scan;
  HeadScan::Result found = scan.look(as_bytes(copy), copy.size());
  CHECK(found.kind == HeadScan::Kind::Found && found.size == copy.size());
  CHECK(parse_request_head(as_bytes(copy), h1_reading::kMostFields, again) == H1Fault::None);
  // An absolute target became a plain one, and its authority that of Host.
  std::string before = without_lines(h1_reading::facts_of(head), {"scheme", "field Host:"});
  std::string after = without_lines(h1_reading::facts_of(again), {"scheme", "field Host:"});
  if (head.scheme.empty()) CHECK(before == after);
  CHECK(again.host == head.host && again.path == head.path && again.query == head.query);
  CHECK(again.body == head.body && again.length == head.length);
}

inline void check_response_head(const std::string& bytes, Method to) {
  static ResponseHead head, again;
  CHECK(parse_response_head(as_bytes(bytes), h1_reading::kMostFields, to, head) == H1Fault::None);
  check_fields(head.fields);
  check_framing(head);
  CHECK(head.status >= 100 && head.status <= 599);
  bool never = to == Method::Head || head.status < 200 || head.status == 204 || head.status == 304;
  CHECK(never == (head.body == BodyKind::None));
  if (head.body == BodyKind::UntilClose) CHECK(!head.keep_alive);
  CHECK((head.status == 101) == !head.upgrade.empty());

  std::string copy = written([](H1Writer& out) {
    out.status_line(head.status, head.reason);
    for (const Field& f : head.fields.all()) out.field(f.name, f.value);
    out.put("\r\n");
  });
  H1Fault fault = parse_response_head(as_bytes(copy), h1_reading::kMostFields, to, again);
  CHECK(fault == H1Fault::None);
  if (head.minor == 1) CHECK(h1_reading::facts_of(again) == h1_reading::facts_of(head));
}

inline H1Reading check_segments(const std::function<H1Reading(Segments)>& read, Bytes bytes) {
  H1Reading once = read(whole());
  CHECK(once == read(one_byte_each()));
  CHECK(once == read(mixed(seed_of(bytes))));
  return once;
}

}  // namespace h1_rules

inline void check_h1_request(Bytes bytes) {
  H1Reading reading = h1_rules::check_segments(
      [&](Segments next) { return read_request(bytes, std::move(next)); }, bytes);
  if (reading.head_taken) h1_rules::check_request_head(reading.head);
}

inline void check_h1_response(Bytes bytes) {
  for (Method to : {Method::Get, Method::Head}) {
    H1Reading reading = h1_rules::check_segments(
        [&](Segments next) { return read_response(bytes, to, std::move(next)); }, bytes);
    if (reading.head_taken) h1_rules::check_response_head(reading.head, to);
  }
}

}  // namespace sallyport
