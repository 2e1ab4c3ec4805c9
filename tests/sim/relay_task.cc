#include "tests/sim/relay_task.h"

#include <errno.h>

#include <array>
#include <utility>

namespace sallyport::sim {

namespace {
constexpr Seconds kIdle{3600};
constexpr size_t kHeldBack = 4096;  // while more than this waits, nothing is read
}  // namespace

RelayTask::RelayTask(Loop& loop, int client, const Address& backend, PipePool* pipes, int& alive)
    : loop_(loop), pipes_(pipes), alive_(alive), idle_(loop.deadlines(), *this) {
  ++alive_;
  client_ = Socket(loop, *this, client);
  int error = 0;
  backend_ = Socket::connect(loop, *this, backend, error);
  idle_.arm(loop.now() + kIdle);
  loop.post(*this);
}

RelayTask::~RelayTask() { --alive_; }

void RelayTask::turn() {
  if (over_) return;
  if (idle_.expired() || !backend_.open()) return end(true);
  if (!there_) {
    int result = backend_.connect_result();
    if (result == EINPROGRESS) return;
    if (result != 0) return end(true);
    there_.emplace(Way{client_, backend_, {}, nullptr});
    back_.emplace(Way{backend_, client_, {}, nullptr});
  }
  if (carry(*there_) == Said::Cut || carry(*back_) == Said::Cut) return end(true);
  if (there_->finished && back_->finished) return end(false);
  idle_.arm(loop_.now() + kIdle);
}

RelayTask::Said RelayTask::carry(Way& way) {
  if (way.finished) return Said::Waiting;
  for (bool more = true; more;) {
    more = false;
    bool splices = pipes_ && way.waiting.empty() && (way.pipe || (way.pipe = pipes_->borrow()));
    if ((splices ? splice(way, more) : copy(way, more)) == Said::Cut) return Said::Cut;
  }
  if (way.ended && way.waiting.empty() && !way.pipe) {
    way.finished = true;
    way.to.shutdown_write();
  }
  return Said::Waiting;
}

RelayTask::Said RelayTask::copy(Way& way, bool& more) {
  if (!way.ended && way.waiting.size() < kHeldBack) {
    std::array<uint8_t, 3000> buffer;
    IoResult r = way.from.read(buffer);
    if (r.kind == Io::Failed) return Said::Cut;
    if (r.kind == Io::End) way.ended = true;
    if (r.kind == Io::Ok) way.waiting.append(Bytes(buffer).first(r.bytes));
    more = r.kind == Io::Ok;
  }
  if (!way.waiting.empty()) {
    IoResult r = way.to.write(way.waiting.view());
    if (r.kind == Io::Failed) return Said::Cut;
    if (r.kind == Io::Ok) way.waiting.drop(r.bytes);
    // Bytes that wait beyond the mark keep the reading from going on: then only a write can.
    more = r.kind == Io::Ok || (more && way.waiting.size() < kHeldBack);
  }
  return Said::Waiting;
}

RelayTask::Said RelayTask::splice(Way& way, bool& more) {
  if (way.pipe->pending() == 0 && !way.ended) {
    IoResult r = way.from.splice_into(*way.pipe, 100'000);
    if (r.kind == Io::Failed) return Said::Cut;
    if (r.kind == Io::End) way.ended = true;
  }
  if (way.pipe->pending() == 0) {
    pipes_->give_back(std::move(way.pipe));
    return Said::Waiting;
  }
  IoResult r = way.to.splice_from(*way.pipe);
  if (r.kind == Io::Failed) return Said::Cut;
  more = r.kind == Io::Ok;
  return Said::Waiting;
}

void RelayTask::end(bool cut) {
  over_ = true;
  idle_.disarm();
  for (auto* way : {&there_, &back_}) {
    if (*way && (*way)->pipe) pipes_->give_back(std::move((*way)->pipe));
  }
  for (Socket* socket : {&client_, &backend_}) cut ? socket->reset() : socket->close();
  loop_.bury(std::unique_ptr<Task>(this));
}

}  // namespace sallyport::sim
