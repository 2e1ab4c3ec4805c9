#include "dataplane/session/h2_stream.h"

#include "dataplane/base/check.h"
#include "dataplane/session/h2_session.h"

namespace sallyport {

H2Stream::H2Stream(H2Session& session, Stream& connection, const Arrival& arrival)
    : H2Sides(session, H2HeadText::Of::Request),
      session_(session),
      lent_{*this, connection, *this, *this, arrival, snapshot_, {}} {
  lent_.version = 2;
}

H2Stream::~H2Stream() = default;

void H2Stream::open(int32_t id, Instant now) {
  begun_ = false;
  DCHECK(!exchange_);
  open_sides(id);
  started_ = now;
}

void H2Stream::turn() { session_.run(*this); }

void H2Stream::ready() { session_.ready(*this); }

bool H2Stream::translate(MutableBytes head) { return h2_response_fields(head, link_.fields()); }

bool H2Stream::submit_fields(std::span<const H2Field> fields, bool more) {
  bool interim = fields.front().value.front() == '1';
  if (interim) return link_.frames().send_interim(id_, fields);
  head_sent_ = true;
  return link_.frames().send_response(id_, fields, *this, more);
}

}  // namespace sallyport
