#include "dataplane/relay/pump.h"

#include <algorithm>

#include "dataplane/base/turn_budget.h"

namespace sallyport {

namespace {

// A source that gives large pieces this many times in a row is moving bulk.
constexpr uint8_t kBulkAfter = 4;

}  // namespace

Pump::Pump(Stream& from, Stream& to, Scratch& scratch, PipePool& pipes)
    : from_(from), to_(to), scratch_(scratch), waiting_(scratch.blocks), splice_(pipes) {}

PumpState Pump::turn(size_t budget, bool last) {
  if (state_ == PumpState::Waiting || state_ == PumpState::More) state_ = run(budget, last);
  return state_;
}

PumpState Pump::run(size_t budget, bool last) {
  for (;;) {
    Next next = deliver();
    if (next == Next::Wait) return PumpState::Waiting;
    if (next == Next::Broken) return state_;
    if (source_ended_) {
      Step step = last ? to_.say_goodbye() : to_.end_write();
      if (step == Step::Failed) return PumpState::WriteFailed;
      return step == Step::Done ? PumpState::Finished : PumpState::Waiting;
    }
    if (budget == 0) return PumpState::More;
    bool bulk = full_chunks_ >= kBulkAfter && Splice::possible(from_, to_);
    next = bulk ? splice(budget) : copy(budget);
    if (next == Next::Broken) return state_;
    if (next == Next::Wait) return PumpState::Waiting;
  }
}

// Brings to the sink what waits for it. Go: nothing waits any more.
Pump::Next Pump::deliver() {
  Step flushed = to_.flush();
  if (flushed == Step::Failed) return broken(PumpState::WriteFailed);
  if (flushed == Step::Blocked) return Next::Wait;
  while (!waiting_.empty()) {
    FlowResult r = to_.write(waiting_.rest());
    if (r.kind == Flow::Blocked) return Next::Wait;
    if (r.kind != Flow::Ok) return broken(PumpState::WriteFailed);
    waiting_.consumed(r.bytes);
  }
  Step spliced = splice_.deliver(to_);
  if (spliced == Step::Failed) return broken(PumpState::WriteFailed);
  if (spliced == Step::Blocked) return Next::Wait;
  return Next::Go;
}

Pump::Next Pump::copy(size_t& budget) {
  splice_.stop();  // nothing waits in the pipe, which others may have a use for
  MutableBytes space{scratch_.plain, Scratch::kChunk};
  FlowResult r = from_.read(space);
  switch (r.kind) {
    case Flow::Blocked: return Next::Wait;
    case Flow::End: source_ended_ = true; return Next::Go;
    case Flow::Truncated: return broken(PumpState::Truncated);
    case Flow::Failed: return broken(PumpState::ReadFailed);
    case Flow::Ok: break;
  }
  bytes_ += r.bytes;
  spend(budget, r.bytes);
  judge_bulk(r.bytes);
  Bytes got = space.first(r.bytes);
  // Of one that has ended, this is the last as a rule: it leaves with the FIN.
  bool more = from_.socket().ended() && r.bytes < space.size();
  FlowResult w = to_.write(got, more);
  if (w.kind == Flow::Failed) return broken(PumpState::WriteFailed);
  if (w.bytes < got.size()) waiting_.append(got.subspan(w.bytes));
  return Next::Go;
}

Pump::Next Pump::splice(size_t& budget) {
  Splice::Taken r = splice_.take(from_, PipePool::kPipeBytes);
  switch (r.kind) {
    case Splice::Taken::Kind::Unable:
      full_chunks_ = 0;  // copying serves as well, and asks again later
      return Next::Go;
    case Splice::Taken::Kind::Blocked: return Next::Wait;
    case Splice::Taken::Kind::End: source_ended_ = true; return Next::Go;
    case Splice::Taken::Kind::Failed: return broken(PumpState::ReadFailed);
    case Splice::Taken::Kind::Ok: break;
  }
  bytes_ += r.bytes;
  spliced_ += r.bytes;
  spend(budget, r.bytes);
  judge_bulk(r.bytes);
  return Next::Go;
}

// What came before goes first.
Pump::Next Pump::broken(PumpState state) {
  to_.push();
  state_ = state;
  return Next::Broken;
}

// Up quickly, down slowly: one short read amid bulk is no reason to change.
void Pump::judge_bulk(size_t bytes) {
  if (bytes >= Scratch::kBulk) {
    full_chunks_ = static_cast<uint8_t>(std::min(full_chunks_ + 1, 2 * kBulkAfter));
  } else if (full_chunks_ > 0) {
    --full_chunks_;
  }
}

}  // namespace sallyport
