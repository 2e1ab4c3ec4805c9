#include "control/demo/demo_request.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr size_t kReadSize = 4096;
constexpr size_t kTrailersMost = 4096;

}  // namespace

DemoRequests::Next DemoRequests::next() {
  body_size_ = 0;
  body_beginning_.clear();
  const Next head = read_head();
  return head == Next::Whole ? read_body() : head;
}

DemoRequests::Next DemoRequests::read_head() {
  stream_.set_deadline(ByteStream::Clock::now() + kTimeout);
  HeadScan scan(HeadScan::Of::Request);
  HeadScan::Result found = scan.look(as_bytes(received_), kHeadMost);
  while (found.kind == HeadScan::Kind::NeedMore) {
    if (!read_more()) return Next::Ended;
    found = scan.look(as_bytes(received_), kHeadMost);
  }
  if (found.kind == HeadScan::Kind::Refused) return refuse(found.fault);
  head_bytes_ = received_.substr(0, found.size);
  received_.erase(0, found.size);
  const H1Fault fault = parse_request_head(as_bytes(head_bytes_), FieldList::kMost, head_);
  return fault == H1Fault::None ? Next::Whole : refuse(fault);
}

DemoRequests::Next DemoRequests::read_body() {
  if (head_.expects_continue && !stream_.write("HTTP/1.1 100 Continue\r\n\r\n")) return Next::Ended;
  body_.begin(head_.body, head_.length, kTrailersMost);
  while (!body_.ended()) {
    stream_.set_deadline(ByteStream::Clock::now() + kTimeout);
    if (received_.empty() && !read_more()) return Next::Ended;
    auto* begin = reinterpret_cast<uint8_t*>(received_.data());
    const H1BodyDecoder::Result decoded = body_.decode({begin, received_.size()});
    if (decoded.state == H1BodyDecoder::State::Refused) return refuse(decoded.fault);
    const size_t shown = std::min(decoded.produced, kBodyShown - body_beginning_.size());
    body_beginning_.append(received_, 0, shown);
    body_size_ += decoded.produced;
    received_.erase(0, decoded.used);
  }
  return Next::Whole;
}

DemoRequests::Next DemoRequests::refuse(H1Fault fault) {
  fault_ = fault;
  return Next::Refused;
}

bool DemoRequests::read_more() {
  char buffer[kReadSize];
  const size_t n = stream_.read(buffer);
  received_.append(buffer, n);
  return n > 0;
}

}  // namespace sallyport
