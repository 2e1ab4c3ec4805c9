// Connections to backends that speak HTTP/2: a worker's exchanges share them, many on each.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/io/deadline.h"
#include "dataplane/io/loop.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/service/service.h"
#include "dataplane/session/h2_sides.h"
#include "dataplane/tls/stream.h"
#include "dataplane/wire/h2_frames.h"

namespace sallyport {

class H2Backend;
class H2Backends;

/// An exchange's request and the response to it, on a connection that it shares.
class H2BackendStream final : public H2Sides {
 public:
  explicit H2BackendStream(H2Backend& backend);

  /// Others have used the connection before.
  bool reused() const { return !first_; }
  /// What the backend allows is known, and
  bool settled() const;
  /// an extended CONNECT is among it.
  bool takes_connect() const;
  /// The exchange has no more use for it: whatever is not over on it is broken off.
  static void release(std::unique_ptr<H2BackendStream> stream);

 private:
  friend class H2Backend;

  void open(Task& owner, Method method, bool first);
  void ready() override;
  bool translate(MutableBytes head) override;
  bool submit_fields(std::span<const H2Field> fields, bool more) override;

  H2Backend& backend_;
  Task* owner_ = nullptr;  // of the exchange's turns; null: nobody waits for it any more
  bool first_ = false;
};

/// One connection. Its turns read, tell the exchanges whose streams something came for, and send
/// what all of them said. Lives until it has ended and no exchange has a stream of it.
class H2Backend final : public Task, public H2Link, private H2FrameEvents {
 public:
  struct Settings {
    size_t header_size;
    Millis idle_timeout;
  };
  H2Backend(H2Backends& pool, Loop& loop, Scratch& scratch, WorkerMetrics& metrics,
            Stream&& stream, const Service& service, const Endpoint& endpoint,
            const Settings& settings);
  ~H2Backend() override;

  bool serves(const Service& service, const Endpoint& endpoint) const;
  bool has_room() const;
  const Address& address() const { return address_; }
  const std::string& name() const { return name_; }
  const BackendContext* context() const { return tls_.get(); }
  /// Nobody will want it any more: it ends with the last of its streams.
  void retire();
  std::unique_ptr<H2BackendStream> open(Task& owner, Method method);
  void release(std::unique_ptr<H2BackendStream> stream);
  void end();

  // For its streams.
  Scratch& scratch() override { return scratch_; }
  H2Frames& frames() override { return frames_; }
  size_t header_size() const override { return settings_.header_size; }
  size_t open_streams() const override { return open_.size(); }
  bool reading_ended() const override { return ended_; }
  std::string link_error() const override { return error_; }
  void wants_to_send() override;
  void on_fields(size_t) override {}
  void post(Task& owner) { loop_.post(owner); }
  bool tls() const { return tls_ != nullptr; }
  bool settled() const { return settled_; }

 private:
  void turn() override;
  bool serve();
  bool write();
  std::string ended_by() const;
  void arm();
  void on_deadline();
  void forget_released();
  void keep(std::unique_ptr<H2BackendStream> stream);
  void tell_who_waits();

  void on_frame(Kind) override { heard_ = loop_.now(); }
  H2FrameStream* on_stream(int32_t) override { return nullptr; }
  void on_block_begin() override {}
  void on_block_end() override {}
  void on_fault() override {}
  void on_goaway(int32_t, H2Error) override { leaving_ = true; }
  void on_pong() override {}
  void on_settings() override;
  void on_data_sent(size_t, bool) override {}

  H2Backends& pool_;
  Loop& loop_;
  Scratch& scratch_;
  WorkerMetrics& metrics_;
  Address address_;
  std::string name_;
  std::shared_ptr<const BackendContext> tls_;  // outlives the stream's TLS
  Stream stream_;
  Settings settings_;
  H2Frames frames_;
  Deadline deadline_;
  std::vector<H2BackendStream*> open_;
  std::vector<std::unique_ptr<H2BackendStream>> released_;  // until nghttp2 has done with them
  std::vector<std::unique_ptr<H2BackendStream>> spare_;     // to be opened again
  std::string error_;
  Instant idle_since_{};
  Instant heard_{};
  Instant asked_{};       // by a PING
  Instant goodbye_{};     // when the GOAWAY of an idle connection was made
  bool said_goodbye_ = false;
  bool in_turn_ = false;
  bool used_ = false;
  bool settled_ = false;
  bool told_ = false;     // who waits for it
  bool retired_ = false;
  bool leaving_ = false;  // takes no stream any more
  bool ended_ = false;
  bool buried_ = false;
};

/// All of a worker's, and who waits for one that is being made.
class H2Backends {
 public:
  ~H2Backends();

  /// On a connection that has room; null: there is none.
  std::unique_ptr<H2BackendStream> open(const Service& service, const Endpoint& endpoint,
                                        Task& owner, Method method);
  /// True: somebody else is connecting there, and `owner` is posted when that is over. False: the
  /// caller connects, and makes an H2Backend of the connection or says connected(), however that
  /// ended.
  bool wait(const Service& service, const Endpoint& endpoint, Task& owner);
  void connected(const Service& service, const Endpoint& endpoint, Loop& loop);
  /// The backend has said how many streams it takes, or will not.
  void settled(const H2Backend& backend, Loop& loop);
  void stop_waiting(Task& owner);

  /// For services with `auto`: what the last handshake with the endpoint chose.
  bool speaks_http1(const Service& service, const Endpoint& endpoint) const;
  void note_http1(const Service& service, const Endpoint& endpoint);

  void add(H2Backend& backend) { all_.push_back(&backend); }
  void remove(H2Backend& backend) { std::erase(all_, &backend); }
  /// Retires connections for which `wanted` is false.
  void keep_only(const std::function<bool(const Address&, const BackendContext*)>& wanted);
  /// Those that no exchange has a stream of; the others follow as theirs end.
  void clear();

 private:
  struct Identity {
    Address address;
    std::string name;
    const BackendContext* tls;
    bool operator==(const Identity&) const = default;
  };
  static Identity identity_of(const Service& service, const Endpoint& endpoint);
  void stop_connecting(const Identity& identity, Loop& loop);
  struct Connecting {
    Identity identity;
    std::vector<Task*> waiting;
  };

  std::vector<H2Backend*> all_;
  std::vector<Connecting> connecting_;
  std::vector<Identity> http1_;
};

}  // namespace sallyport
