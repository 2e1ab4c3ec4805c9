// A message of HTTP/1 read as a session reads it, from segments of any sizes: its head looked for
// and parsed, and its body decoded. Shared by the fuzz targets, the unit tests and h1_verdict.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "dataplane/base/check.h"
#include "dataplane/wire/h1_body.h"
#include "dataplane/wire/h1_head.h"

namespace sallyport {

/// Says how many of the remaining bytes come next; at least 1.
using Segments = std::function<size_t(size_t left)>;

inline Segments whole() {
  return [](size_t left) { return left; };
}
inline Segments one_byte_each() {
  return [](size_t) { return size_t{1}; };
}
/// Short ones and long ones, always the same for one seed.
inline Segments mixed(uint64_t seed) {
  return [seed](size_t left) mutable {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return std::min<size_t>(left, 1 + (seed >> 33) % (seed >> 63 ? 7 : 100));
  };
}

struct H1Reading {
  enum class State : uint8_t { Head, Body, Complete, Refused };

  State state = State::Head;  // where it stands when the bytes are at their end
  H1Fault fault = H1Fault::None;
  bool head_taken = false;
  std::string head;           // its bytes
  std::string facts;          // what was understood of it, a line each
  std::string body;
  std::string trailers;
  size_t used = 0;            // of the bytes; 0 when refused
  bool ends_here = false;     // whether the end of the bytes is the end of the body

  bool operator==(const H1Reading&) const = default;
};

namespace h1_reading {

constexpr size_t kMostHead = 8192;
constexpr size_t kMostFields = 100;
constexpr size_t kMostTrailers = 1024;

inline std::string line(const char* what, std::string_view said) {
  return what + (" " + std::string(said)) + "\n";
}

inline std::string of_fields(const FieldList& fields) {
  std::string text;
  for (const Field& f : fields.all()) {
    text += line("field", std::string(f.name) + ": " + std::string(f.value));
    CHECK(f.id == field_name(f.name));
  }
  return text;
}

template <class Head>
std::string of_both(const Head& head) {
  constexpr const char* kBodies[] = {"none", "length", "chunked", "until close"};
  return line("minor", std::to_string(head.minor)) +
         line("body", kBodies[static_cast<int>(head.body)]) +
         line("length", std::to_string(head.length)) +
         line("keep_alive", head.keep_alive ? "yes" : "no") + line("upgrade", head.upgrade) +
         of_fields(head.fields);
}

inline std::string facts_of(const RequestHead& head) {
  return line("method", head.method_text) + line("scheme", head.scheme) +
         line("authority", head.authority) + line("host", head.host) + line("path", head.path) +
         line("query", head.query) +
         line("expects_continue", head.expects_continue ? "yes" : "no") +
         line("takes_trailers", head.takes_trailers ? "yes" : "no") + of_both(head);
}

inline std::string facts_of(const ResponseHead& head) {
  return line("status", std::to_string(head.status)) + line("reason", head.reason) + of_both(head);
}

inline void refuse(H1Reading& reading, H1Fault fault) {
  CHECK(fault != H1Fault::None && fault < H1Fault::Count);
  reading.state = H1Reading::State::Refused;
  reading.fault = fault;
  reading.used = 0;
}

inline void feed_body(H1Reading& reading, H1BodyDecoder& decoder, std::string segment) {
  CHECK(!decoder.ended());
  H1BodyDecoder::Result result = decoder.decode(
      {reinterpret_cast<uint8_t*>(segment.data()), segment.size()});
  reading.body += segment.substr(0, result.produced);
  if (result.state == H1BodyDecoder::State::Refused) return refuse(reading, result.fault);
  CHECK(result.produced <= result.used && result.used <= segment.size());
  CHECK((result.state == H1BodyDecoder::State::End) == decoder.ended());
  CHECK(decoder.ended() || result.used == segment.size());
  reading.used += result.used;
}

/// `parse` parses a head and returns its fault, body kind and length.
template <class Head, class Parse>
H1Reading read(Bytes bytes, HeadScan::Of of, Segments next, Parse parse) {
  H1Reading reading;
  HeadScan scan(of);
  static thread_local Head head;
  H1BodyDecoder decoder;
  size_t skipped = 0;
  for (size_t come = 0; come < bytes.size();) {
    size_t before = come;
    come += next(bytes.size() - come);
    if (reading.state == H1Reading::State::Head) {
      Bytes received = bytes.subspan(skipped, come - skipped);
      if (skipped == 0 && of == HeadScan::Of::Request && leading_crlf(received) > 0) {
        skipped = 2;
        received = bytes.subspan(2, come - 2);
      }
      HeadScan::Result found = scan.look(received, kMostHead);
      if (found.kind == HeadScan::Kind::Refused) refuse(reading, found.fault);
      if (found.kind == HeadScan::Kind::Found) {
        CHECK(found.size <= received.size() && found.size <= kMostHead);
        reading.head = as_text(received.first(found.size));
        H1Fault fault = parse(as_bytes(reading.head), head);
        if (fault != H1Fault::None) {
          refuse(reading, fault);
        } else {
          reading.head_taken = true;
          reading.facts = facts_of(head);
          reading.state = H1Reading::State::Body;
          decoder.begin(head.body, head.length, kMostTrailers);
          before = reading.used = skipped + found.size;
        }
      }
    }
    if (reading.state == H1Reading::State::Body && !decoder.ended()) {
      feed_body(reading, decoder, std::string(as_text(bytes.subspan(before, come - before))));
    }
    if (reading.state == H1Reading::State::Body && decoder.ended()) {
      reading.state = H1Reading::State::Complete;
      reading.trailers = of_fields(decoder.trailers());
    }
    if (reading.state > H1Reading::State::Body) break;
  }
  reading.ends_here = reading.head_taken && decoder.ends_here();
  return reading;
}

}  // namespace h1_reading

inline H1Reading read_request(Bytes bytes, Segments next) {
  return h1_reading::read<RequestHead>(
      bytes, HeadScan::Of::Request, std::move(next), [](Bytes head, RequestHead& out) {
        return parse_request_head(head, h1_reading::kMostFields, out);
      });
}

inline H1Reading read_response(Bytes bytes, Method to, Segments next) {
  return h1_reading::read<ResponseHead>(
      bytes, HeadScan::Of::Response, std::move(next), [to](Bytes head, ResponseHead& out) {
        return parse_response_head(head, h1_reading::kMostFields, to, out);
      });
}

}  // namespace sallyport
