#include "tests/sim/channel.h"

namespace sallyport::sim {

Channel::Got ProxyHeaderReader::read(End& end) {
  while (!done_) {
    uint8_t byte = 0;
    IoResult r = end.read({&byte, 1});
    if (r.kind == Io::Blocked) return Channel::Got::Nothing;
    if (r.kind != Io::Ok) return Channel::Got::Cut;
    bytes_.push_back(byte);
    ProxyHeader header;
    size_t used = 0;
    switch (parse_proxy_header(bytes_, header, used)) {
      case ProxyStatus::NeedMore:
        continue;
      case ProxyStatus::Complete:
        header_ = header;
        done_ = true;
        continue;
      case ProxyStatus::Absent:
      case ProxyStatus::Malformed:
        return Channel::Got::Cut;
    }
  }
  return Channel::Got::Bytes;
}

PlainChannel::PlainChannel(End& end, const Opening& opening)
    : end_(end), reader_(opening.expects_proxy_header) {
  preamble_.append(opening.preamble);
}

Channel::Taken PlainChannel::read(MutableBytes into) {
  send_preamble();
  if (!reader_.done()) {
    if (Got got = reader_.read(end_); got != Got::Bytes) return {got};
  }
  uint64_t before = end_.taken();
  IoResult r = end_.read(into);
  switch (r.kind) {
    case Io::Ok: return {Got::Bytes, r.bytes, end_.writes_of(before, end_.taken())};
    case Io::Blocked: return {broken_ ? Got::Cut : Got::Nothing};
    // After a RST that a write was told of, the kernel says End as well.
    case Io::End: return {end_.fin_arrived() ? Got::End : Got::Cut};
    case Io::Failed: return {Got::Cut};
  }
  return {Got::Cut};
}

bool PlainChannel::send_preamble() {
  while (!preamble_.empty()) {
    IoResult r = end_.write(preamble_.view());
    broken_ |= r.kind == Io::Failed;
    if (r.kind != Io::Ok) return false;
    preamble_.drop(r.bytes);
  }
  return true;
}

size_t PlainChannel::write(Bytes from) {
  if (!send_preamble()) return 0;
  IoResult r = end_.write(from);
  broken_ |= r.kind == Io::Failed;
  return r.bytes;
}

bool PlainChannel::finish() {
  // A connection that is not made yet cannot be half-closed.
  if (end_.connecting() || !send_preamble()) return false;
  end_.shutdown_write();
  return true;
}

}  // namespace sallyport::sim
