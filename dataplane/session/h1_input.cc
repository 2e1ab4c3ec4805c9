#include "dataplane/session/h1_input.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"

namespace sallyport {

// Brings the window something to look at. What was kept comes first.
Flow H1Input::fill(size_t most) {
  if (!window_.empty()) return Flow::Ok;
  MutableBytes room{scratch_.plain, std::min(most, Scratch::kChunk)};
  if (!kept_.empty()) {
    size_t n = std::min(room.size(), kept_.rest().size());
    std::memcpy(room.data(), kept_.rest().data(), n);
    kept_.consumed(n);
    window_ = room.first(n);
    return Flow::Ok;
  }
  FlowResult r = stream_.read(room);
  if (r.kind == Flow::Ok) window_ = room.first(r.bytes);
  return r.kind;
}

H1Input::Head H1Input::read_head(Block& head, size_t most, size_t piece) {
  // What is kept has been scanned already, and goes on with what comes next; unless it is the
  // beginning of a message that came behind the last one.
  bool fresh = window_.empty() && !kept_.empty() && !scanning_;
  for (;;) {
    if (!fresh && window_.empty()) {
      MutableBytes room{scratch_.plain, std::min(piece, Scratch::kChunk)};
      FlowResult r = stream_.read(room);
      switch (r.kind) {
        case Flow::Ok: break;
        case Flow::Blocked: return {Head::Kind::Waiting};
        case Flow::End: return {Head::Kind::Ended};
        case Flow::Truncated: return {Head::Kind::Truncated};
        case Flow::Failed: return {Head::Kind::Failed};
      }
      window_ = room.first(r.bytes);
    }
    fresh = false;
    if (!kept_.empty() && !window_.empty()) {
      kept_.append(window_);
      window_ = {};
    }
    Bytes all = kept_.empty() ? Bytes(window_) : kept_.rest();
    if (skips_line_ && !scanning_) {
      if (as_text(all) == "\r") {
        settle();
        continue;
      }
      if (size_t skip = leading_crlf(all)) {
        skips_line_ = false;
        if (kept_.empty()) {
          window_ = window_.subspan(skip);
        } else {
          kept_.consumed(skip);
        }
        if (all.size() == skip) continue;
        all = all.subspan(skip);
      }
    }
    HeadScan::Result found = scan_.look(all, most);
    if (found.kind == HeadScan::Kind::Refused) return {Head::Kind::Refused, found.fault};
    if (found.kind == HeadScan::Kind::NeedMore) {
      scanning_ = true;
      settle();
      continue;
    }
    head.clear();
    head.append(all.first(found.size));
    if (kept_.empty()) {
      window_ = window_.subspan(found.size);
    } else {
      kept_.consumed(found.size);
    }
    scan_.reset();
    scanning_ = false;
    skips_line_ = false;
    return {Head::Kind::Whole};
  }
}

H1Input::Body H1Input::read_body(size_t most) {
  if (body_.ended()) return {Body::Kind::Data, {}, true};
  switch (fill(most)) {
    case Flow::Ok: break;
    case Flow::Blocked: return {Body::Kind::Waiting};
    case Flow::End:
      if (body_.ends_here()) return {Body::Kind::Data, {}, true};
      return {Body::Kind::Truncated};
    case Flow::Truncated: return {Body::Kind::Truncated};
    case Flow::Failed: return {Body::Kind::Failed};
  }
  MutableBytes given = window_;
  H1BodyDecoder::Result r = body_.decode(given);
  window_ = given.subspan(r.used);
  if (r.state == H1BodyDecoder::State::Refused) return {Body::Kind::Refused, {}, false, r.fault};
  bool end = r.state == H1BodyDecoder::State::End;
  // What follows the message must not lie where its sender may write behind the data.
  settle();
  if (r.produced == 0 && !end) return read_body(most);
  return {Body::Kind::Data, given.first(r.produced), end};
}

void H1Input::take_rest(Block& into) {
  into.append(kept_.rest());
  kept_.clear();
  into.append(window_);
  window_ = {};
}

Flow H1Input::look_ahead(size_t most) {
  settle();
  while (kept_.rest().size() < most) {
    MutableBytes room{scratch_.plain, most - kept_.rest().size()};
    FlowResult r = stream_.read(room);
    if (r.kind != Flow::Ok) return r.kind;
    kept_.append(room.first(r.bytes));
  }
  return Flow::Ok;
}

void H1Input::settle() {
  if (window_.empty()) return;
  kept_.append(window_);
  window_ = {};
}

}  // namespace sallyport
