// What every session has: its record, its deadline, its snapshot, and one way out.
#pragma once

#include <memory>
#include <string>

#include "dataplane/base/http_date.h"
#include "dataplane/io/loop.h"
#include "dataplane/io/pipe.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/observe/record_sink.h"
#include "dataplane/relay/request_id.h"
#include "dataplane/route/snapshot.h"
#include "dataplane/service/backend_pool.h"
#include "dataplane/session/client_table.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

class Exchange;
class ExchangePool;
class Session;
struct SessionList;

/// A snapshot as one worker uses it: counted without atomics, because the worker alone counts.
struct Generation {
  std::shared_ptr<const Snapshot> snapshot;
  uint32_t users = 0;
  bool current = true;
};

/// What a worker gives to its sessions. Thread: the worker's. Outlives them.
struct SessionContext {
  Loop& loop;
  size_t worker;
  Scratch& scratch;
  PipePool& pipes;
  WorkerMetrics& metrics;
  RecordSink& log;
  ClientTable& clients;
  BackendPool& backends;
  ExchangePool& exchanges;
  RequestIds request_ids;
  HttpDate date;
  Generation* generation = nullptr;     // current; freed when retired
  bool draining = false;                // nothing new is begun on connections that could be closed
  List<Session, SessionList> sessions;  // all of the worker's
  uint64_t next_id = 0;

  /// Nobody uses `generation` any more; it is not the current one. To be freed off the loop.
  virtual void retire(Generation* generation) = 0;

 protected:
  SessionContext(Loop& l, size_t w, Scratch& s, PipePool& p, WorkerMetrics& m, RecordSink& r,
                 ClientTable& c, BackendPool& b, ExchangePool& e, const RequestIds::Seed& seed)
      : loop(l),
        worker(w),
        scratch(s),
        pipes(p),
        metrics(m),
        log(r),
        clients(c),
        backends(b),
        exchanges(e),
        request_ids(seed) {}
  ~SessionContext() = default;
};

/// Holds a generation in use.
class GenerationRef {
 public:
  GenerationRef() = default;
  GenerationRef(SessionContext& context, Generation& generation)
      : context_(&context), generation_(&generation) {
    ++generation.users;
  }
  GenerationRef(GenerationRef&& other) noexcept { *this = std::move(other); }
  GenerationRef& operator=(GenerationRef&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(generation_, other.generation_);
    return *this;
  }
  ~GenerationRef() {
    if (generation_ && --generation_->users == 0 && !generation_->current) {
      context_->retire(generation_);
    }
  }
  bool current() const { return generation_->current; }
  /// Another one of the same. REQUIRES: it holds one.
  GenerationRef share() const { return GenerationRef(*context_, *generation_); }
  const Snapshot& operator*() const { return *generation_->snapshot; }
  const Snapshot* operator->() const { return generation_->snapshot.get(); }

 private:
  SessionContext* context_ = nullptr;
  Generation* generation_ = nullptr;
};

/// A client's connection on its way through the program: what one session hands to the next.
struct Arrival {
  GenerationRef snapshot;
  const ListenerRules* rules = nullptr;  // of the snapshot
  bool in_the_clear = false;             // a client of a tls listener who does without TLS
  ClientTable::Ticket ticket;
  ConnectionRecord record;
  Instant started{};
  Socket socket;
  Block received;            // bytes read and not used yet
  Address destination;       // what a PROXY header said; else not valid()

  explicit Arrival(BlockPool& blocks) : received(blocks) {}
};

class Session : public Task, public ListLink<SessionList> {
 public:
  Session(SessionContext& context, Arrival arrival);

  void turn() final;

  /// The drain has begun: a connection on which nothing is going on may end.
  virtual void drain() {}
  /// The drain's deadline has passed.
  void cut() { finish(Reason::DrainTimeout); }
  /// The record as it stands, for those who look at live connections.
  const ConnectionRecord& describe() {
    arrival_.record.duration = since_start();
    return arrival_.record;
  }
  Instant started() const { return arrival_.started; }

 protected:
  /// Goes on as far as it can. Ends by waiting for an edge, posting itself, or finish().
  virtual void advance() = 0;
  virtual void on_deadline() = 0;
  /// Ends both sides for `reason`: orderly for Closed, else so that the peers see a cut.
  virtual void close_streams(Reason reason) = 0;

  SessionContext& context() { return context_; }
  Arrival& arrival() { return arrival_; }
  ConnectionRecord& record() { return arrival_.record; }
  const Limits& limits() const { return arrival_.snapshot->config.limits; }

  /// Begins a phase: what log lines will say is being done, and how long it may take.
  void enter(const char* doing, Millis most) {
    record().doing = doing;
    deadline_.arm(context_.loop.now() + most);
  }
  void postpone(Millis most) { deadline_.arm(context_.loop.now() + most); }
  Micros since_start() const { return context_.loop.now() - arrival_.started; }
  void reached(Limit limit) { context_.metrics.limit_reached[static_cast<size_t>(limit)].add(); }

  /// Requests have been recorded: the connection's own line would say nothing more.
  void leave_out_of_log() { logged_ = false; }
  /// The only end: one record, one count, everything closed; this object is gone after the
  /// current dispatch. Callers return at once.
  void finish(Reason reason);
  /// The end of a session whose connection goes on in `next`, which takes its first turn now.
  void hand_on(std::unique_ptr<Session> next);

 private:
  void bury();

  SessionContext& context_;
  Arrival arrival_;
  Deadline deadline_;
  bool finished_ = false;
  bool logged_ = true;
};

/// Whether a PROXY header from `peer` would be believed on this listener.
bool trusts_proxy(const ListenerConfig& listener, const Address& peer);

/// A new connection: counts it, applies the limits, and starts the session that fits the listener.
/// Takes over the descriptor.
void begin_session(SessionContext& context, Generation& generation, const ListenerRules& rules,
                   int descriptor, const Address& peer);

}  // namespace sallyport
