#include "dataplane/session/h2_stream.h"

#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/session/h2_session.h"

namespace sallyport {

namespace {

// Some windows' worth: what a client sends before it has read the answer.
constexpr size_t kDiscardMost = 1024 * 1024;

}  // namespace

H2Stream::H2Stream(H2Session& session, Stream& connection, const Arrival& arrival)
    : H2Sides(session, H2HeadText::Of::Request),
      session_(session),
      lent_{*this, connection, *this, *this, arrival, snapshot_, {}} {
  lent_.version = 2;
}

H2Stream::~H2Stream() = default;

void H2Stream::open(int32_t id, Instant now) {
  begun_ = discarding_ = false;
  DCHECK(!exchange_);
  open_sides(id);
  started_ = now;
}

void H2Stream::discard_rest(Instant until, uint8_t rounds) {
  discarding_ = true;
  discarded_some_ = false;
  discard_rounds_ = rounds;
  discardable_ = kDiscardMost;
  discard_until_ = until;
  link_.frames().consumed(id_, received_.rest().size());
  received_.clear();
}

bool H2Stream::still_sends() {
  return std::exchange(discarded_some_, false) && --discard_rounds_ > 0;
}

void H2Stream::stop_discarding() {
  ListLink<DiscardingStreams>::unlink();
  if (!std::exchange(discarding_, false) || closed_) return;
  link_.frames().reset(id_, H2Error::None);
  link_.wants_to_send();
}

void H2Stream::on_data(Bytes data) {
  if (!discarding_) return H2Sides::on_data(data);
  if (data.size() > discardable_) return stop_discarding();
  discardable_ -= data.size();
  discarded_some_ = true;
  link_.frames().consumed(id_, data.size());
}

// curl 7.88 looks at a stream that its own last frame has closed only when something comes again.
void H2Stream::on_end() {
  if (discarding_) link_.frames().return_window();
  H2Sides::on_end();
}

// RFC 9218: what is more urgent goes first even if it comes piece by piece.
void H2Stream::take(MutableBytes into) {
  H2Sides::take(into);
  if (waiting_.empty() && !said_all_) link_.frames().pause();
}

void H2Stream::turn() { session_.run(*this); }

void H2Stream::ready() { session_.ready(*this); }

bool H2Stream::translate(MutableBytes head) {
  return h2_response_fields(head, link_.scratch().fields);
}

bool H2Stream::submit_fields(std::span<const H2Field> fields, bool more) {
  bool interim = fields.front().value.front() == '1';
  if (interim) return link_.frames().send_interim(id_, fields);
  head_sent_ = true;
  return link_.frames().send_response(id_, fields, *this, more);
}

}  // namespace sallyport
