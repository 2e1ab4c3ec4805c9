// One HTTP request and its response, between a client's connection and a backend's.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/io/deadline.h"
#include "dataplane/observe/request_record.h"
#include "dataplane/relay/pump.h"
#include "dataplane/relay/request_id.h"
#include "dataplane/service/backend_pool.h"
#include "dataplane/session/forwarding.h"
#include "dataplane/session/h1_input.h"
#include "dataplane/session/h1_output.h"
#include "dataplane/session/h2_backend.h"
#include "dataplane/session/request_decision.h"
#include "dataplane/session/session.h"
#include "dataplane/tls/websocket_accept.h"

namespace sallyport {

/// The client's side, lent to an exchange from begin() until it is over. Whoever lends gives the
/// exchange its turns: posted as `task` for edges, deadlines and more to do.
struct ExchangeClient {
  Task& task;
  Stream& stream;
  MessageInput& in;
  MessageOutput& out;
  const Arrival& arrival;
  const GenerationRef& snapshot;  // by which the request is treated
  ConnectionFacts facts;
  uint16_t port = 0;   // that the client connected to
  bool last = false;   // no further request will be taken on this connection
  uint8_t version = 1;  // of HTTP
  bool asks_for_head = false;  // of HTTP/2: not even the answer to a refused head has a body
};

/// Reads in the order of the wire:
///
///     begin ─► Decide ─► Connect ─► BackendHandshake ─► Relay ─► Finish ─► over
///                 │          └─ a kept connection skips both ─┘ └─► Tunnel ────►
///                 └─ answered by the proxy, as from everywhere before a response ─► Finish
///
/// In Relay the request's body and the response go their own ways at the same time. Once over, the
/// object can begin anew: a worker keeps a few (exchange_pool.h), so that in steady state nothing
/// is allocated. Each phase has a file of its own: exchange_decide.cc and so on.
/// Thread: the worker's.
class Exchange final : public Task {
 public:
  explicit Exchange(SessionContext& context);
  ~Exchange() override;

  /// What became of it, for the client's connection.
  enum class Outcome : uint8_t {
    Going,     // waiting; the task is posted when there is something to do
    Reusable,  // over: request read whole, response sent whole
    Close,     // over: response sent, but the connection is not to be used again
    Cut,       // over: the client must not take what it got for the whole
  };

  /// `head` is a whole head, as HeadScan found it. `started` is when its first byte came.
  /// REQUIRES: it is over. `client` outlives the exchange's end.
  void begin(ExchangeClient& client, Block head, Instant started);
  /// For a head that was refused, or that did not come in time: only answers. `came`: bytes of it.
  void begin_refused(ExchangeClient& client, H1Fault fault, size_t came, Instant started);
  void begin_late(ExchangeClient& client, size_t came, Instant started);
  /// Goes on as far as it can.
  Outcome advance();
  /// The client's connection ends: whatever is going on is broken off, and recorded as `end`.
  void abandon(RequestEnd end);

  /// Of one that is over: the request has been read to its end.
  bool request_read() const { return request_read_; }
  RequestEnd end() const { return record_.end; }
  const char* doing() const { return record_.doing; }

 private:
  enum class Phase : uint8_t {
    Over,
    Decide,
    Queue,  // somebody else is connecting for us as well, or will give a connection back
    Connect,
    BackendHandshake,
    Settle,  // the backend has still to say whether it takes an extended CONNECT
    Relay,
    Finish,
    Tunnel,
  };
  enum class Next : uint8_t { On, Wait, Over };

  void turn() override;  // its deadline

  // Each says whether to go on at once (On), that it waits, or that it is over.
  Next decide_it();
  Next start_attempt();
  Next connect_it();
  Next begin_on_backend();
  bool multiplexes() const;
  bool use_shared();
  void stop_connecting();
  void stop_waiting();
  Next shake_hands();
  Next relay();
  Next forward_request(size_t& budget);
  Next forward_response(size_t& budget);
  bool splices_response();
  Next splice_response(size_t& budget);
  bool client_has_unsent() const { return client_->out.has_unsent() || splice_.waits(); }
  Next read_response_head();
  Next response_refused(H1Fault fault);
  Next response_broken(std::string_view detail);
  Next begin_response();
  Next finish();
  Next tunnel();
  Next pump_tunnel();
  Next stream_tunnel();
  enum class Passed : uint8_t { Waiting, More, Ended, ReadBroken, WriteBroken };
  Passed pass(MessageInput& from, MessageOutput& to, bool& ended, uint64_t& bytes, size_t& budget);
  Next settle();
  bool accepts_websocket() const;
  WebSocketKey websocket_key() const;

  void take_host();
  bool take_path();
  bool rewrite();
  Sender sender() const;
  const Endpoint* pick_endpoint();
  ResponseAdditions additions() const;
  // Half of the id: enough for endpoints to be evenly loaded.
  std::string_view own_cookie() const { return own_id_.view().substr(0, RequestId::kSize / 2); }
  void begin_common(ExchangeClient& client, Instant started);
  Next use(std::unique_ptr<BackendConnection> backend);
  bool stale(BackendConnection& backend);
  Next begin_relay();
  Next next_endpoint(RequestEnd end, uint16_t status, std::string_view detail);
  Next backend_lost(std::string_view detail);
  bool may_send_again() const;
  Next begin_tunnel();
  Next client_lost();
  void release_backend(bool reusable);

  /// The proxy's own response. If one has begun, the client is cut off instead.
  Next answer(uint16_t status, RequestEnd end, std::string_view detail);
  Step write_answer(uint16_t code);
  Step write_grpc_answer(uint16_t code);
  Next complete();
  Next over(Outcome outcome, RequestEnd end, std::string_view detail);
  void write_record();

  Next on_deadline();
  void wait(const char* doing, Millis most);
  void progress();
  void push_held_back();
  Micros elapsed() const { return context_.loop.now() - started_; }
  const Limits& limits() const { return client_->snapshot->config.limits; }
  /// The route's own, or else everybody's.
  template <class T>
  T limit(std::optional<T> RouteLimits::*own, T Limits::*otherwise) const {
    const std::optional<T> none;
    return (treatment_ ? treatment_->limits.*own : none).value_or(limits().*otherwise);
  }
  const HttpConfig& http() const { return client_->snapshot->config.http; }
  void reached(Limit limit) { context_.metrics.limit_reached[static_cast<size_t>(limit)].add(); }
  bool reuses_backends() const {
    return service_->proxy_protocol() == ProxyProtocolOut::Off;
  }

  SessionContext& context_;
  ExchangeClient* client_ = nullptr;
  Deadline deadline_;
  Deadline push_;             // of what the kernel holds back of the request's body
  Phase phase_ = Phase::Over;
  Outcome outcome_ = Outcome::Close;
  Instant started_{};
  Instant latest_{};          // of the whole exchange
  RequestRecord record_;
  std::string detail_;        // what record_.detail may be a view of
  RequestId own_id_;
  Forwarded forwarded_;

  // The request.
  Block request_bytes_;
  RequestHead request_;
  Block path_bytes_;          // where normalising changed something
  std::string_view path_;
  char host_[256];
  std::string_view host_name_;
  uint64_t body_limit_ = 0;
  bool understood_ = false;     // request_ is what the client has said
  bool request_read_ = false;   // to its end, from the client
  bool request_broken_ = false; // the backend takes no more of it
  bool body_begun_ = false;     // some of it went to a backend, and cannot go to another

  // Where it goes.
  const Site* site_ = nullptr;
  const Route* route_ = nullptr;
  const RouteTreatment* treatment_ = nullptr;  // the route's, if it has one
  Decision::Kind decision_ = Decision::Kind::Refuse;
  std::string_view error_page_;               // where the client is sent instead of a page
  Block rewritten_;                           // path and query, where the route makes others
  bool new_cookie_ = false;                   // the client gets the one that is own_id_
  const ClientIdentity* identity_ = nullptr;  // for the backend; null: not asked for
  const Service* service_ = nullptr;
  const Endpoint* endpoint_ = nullptr;
  std::vector<const Endpoint*> tried_;
  bool fresh_only_ = false;

  // The backend's side; the connection owns the stream that the other two work on.
  BackendPool::Waiter waiter_;
  std::unique_ptr<BackendConnection> backend_;
  std::optional<H1Input> h1_in_;
  std::optional<H1Output> h1_out_;
  std::unique_ptr<H2BackendStream> h2_;  // instead of all these
  bool connecting_ = false;              // for others as well
  MessageInput* backend_in_ = nullptr;
  MessageOutput* backend_out_ = nullptr;

  // The response.
  Block response_bytes_;
  ResponseHead response_;
  bool response_begun_ = false;  // its head is on the way to the client: no other can be
  bool upgrade_sent_ = false;
  bool client_ended_ = false;    // its direction of a tunnel with streams
  bool backend_ended_ = false;
  uint8_t interims_ = 0;         // sent before its head
  Splice splice_;                // the body from the backend's socket into the client's
  bool bulk_ = false;            // its last piece was a large one
  bool slow_client_ = false;
  bool close_after_ = false;
  size_t unacknowledged_ = 0;    // when the client was last waited for; the most, if never
  uint8_t stalls_ = 0;           // deadlines since it took anything

  std::optional<Pump> to_backend_;
  std::optional<Pump> to_client_;
};

}  // namespace sallyport
