// HTTP connections to backends that wait for their next request, per worker.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dataplane/base/list.h"
#include "dataplane/io/deadline.h"
#include "dataplane/io/loop.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/service/service.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

class BackendPool;
struct IdleBackends;
struct WaitingForBackend;

/// One connection to an endpoint, in use by one exchange or idle in the pool. As a task it takes
/// turns only while it is idle: in use, its socket posts the exchange.
class BackendConnection final : public Task, public ListLink<IdleBackends> {
 public:
  BackendConnection(BackendPool& pool, const Service& service, const Endpoint& endpoint);

  Stream& stream() { return stream_; }
  const Stream& stream() const { return stream_; }
  const Address& address() const { return address_; }
  /// It has carried an exchange before this one.
  bool reused() const { return reused_; }
  /// Looks whether the backend has ended while the connection was idle, which it may have done
  /// since the last edge. A system call.
  bool has_ended();

 private:
  friend class BackendPool;
  void turn() override;

  BackendPool& pool_;
  // What it may be used for again. The context has to outlive the stream's TLS.
  Address address_;
  std::string name_;
  std::shared_ptr<const BackendContext> tls_;
  Stream stream_;
  Instant since_{};  // idle
  bool reused_ = false;
  bool being_made_ = false;
};

/// Idle connections by identity: the address, and under TLS the name that was checked and all that
/// the context stands for (authorities, own certificate, versions). Never by service or snapshot:
/// where a change of the configuration leaves those as they were, connections are used on. And
/// never across them: another name, CA or certificate is another identity.
///
/// Where thousands of requests come at once (a hundred connections of HTTP/2 with a hundred
/// streams), most of them are sooner served by a connection that another one gives back than by
/// their own handshake, which all the others would delay: only so many are made at a time for an
/// identity, and who comes later waits, in order, for the first that is given back or may be made.
/// Thread: the worker's.
class BackendPool final : private Task {
  struct Bucket;

 public:
  static constexpr uint32_t kMakingMost = 256;

  /// The place in that order. One who was posted and has no more use for a connection says stop(),
  /// or is destroyed: the next one has its turn. REQUIRES: the pool outlives it.
  class Waiter : public ListLink<WaitingForBackend> {
   public:
    explicit Waiter(BackendPool& pool) : pool_(pool) {}
    ~Waiter() { stop(); }
    bool waiting() const { return ListLink<WaitingForBackend>::linked(); }
    void stop();

   private:
    friend class BackendPool;
    BackendPool& pool_;
    Task* task_ = nullptr;
    Bucket* bucket_ = nullptr;  // waited for, or whose turn this is; else null
  };

  BackendPool(Loop& loop, Scratch& scratch, WorkerMetrics& metrics);
  ~BackendPool() override;

  /// One that was idle, the one used last, or null: there is none, or others wait for it. Its
  /// socket still posts the connection: the caller sets the owner.
  std::unique_ptr<BackendConnection> take(const Service& service, const Endpoint& endpoint,
                                          Waiter& waiter);
  /// Where take() had none. True: `task` is posted when there may be one, and takes again. False:
  /// the caller may make one.
  bool wait(const Service& service, const Endpoint& endpoint, Waiter& waiter, Task& task);
  /// Not connected yet. Is being made until made(), or until it is discarded.
  std::unique_ptr<BackendConnection> make(const Service& service, const Endpoint& endpoint,
                                          Waiter& waiter);
  /// It is connected and, under TLS, has shaken hands.
  void made(BackendConnection& connection);
  /// What was being made could not be: those who wait may do better elsewhere.
  void failed(BackendConnection& connection);
  /// Keeps a connection whose exchange is complete, for at most `longest`, beside at most `most`
  /// of its identity; else closes it.
  void give_back(std::unique_ptr<BackendConnection> connection, uint32_t most, Millis longest);
  /// For one that is not to be used again: freed when the current dispatch is over. Orderly, with
  /// close_notify under TLS, if the backend has got all that was meant for it; else by a reset,
  /// lest it takes a part for the whole.
  enum class Farewell : uint8_t { Orderly, Reset };
  void discard(std::unique_ptr<BackendConnection> connection, Farewell farewell);

  /// Closes idle connections of identities for which `wanted` is false: after a change of the
  /// configuration nobody would take them any more.
  void keep_only(const std::function<bool(const Address&, std::string_view name,
                                          const BackendContext*)>& wanted);
  void clear();

 private:
  friend class BackendConnection;

  struct Identity {
    Address address;
    std::string_view name;  // of a connection in the bucket, or of the endpoint looked for
    const BackendContext* tls;
  };
  struct Key {
    Address address;
    std::string name;
    const BackendContext* tls;
    Identity view() const { return {address, name, tls}; }
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Identity& i) const;
    size_t operator()(const Key& k) const { return (*this)(k.view()); }
  };
  struct Equal {
    using is_transparent = void;
    bool same(const Identity& a, const Identity& b) const {
      return a.tls == b.tls && a.address == b.address && a.name == b.name;
    }
    bool operator()(const Key& a, const Key& b) const { return same(a.view(), b.view()); }
    bool operator()(const Key& a, const Identity& b) const { return same(a.view(), b); }
    bool operator()(const Identity& a, const Key& b) const { return same(a, b.view()); }
  };
  struct Bucket {
    List<BackendConnection, IdleBackends> idle;  // the one used last at the end
    uint32_t size = 0;
    Millis longest{};
    uint32_t making = 0;
    List<Waiter, WaitingForBackend> waiting;
    uint32_t called = 0;  // waiters that are posted and have not said yet what they do

    bool unused() const { return size == 0 && making == 0 && called == 0 && waiting.empty(); }
  };

  void turn() override;
  void drop(BackendConnection& idle);
  static Identity identity_of(const Service& service, const Endpoint& endpoint);
  Bucket* bucket_of(const BackendConnection& connection);
  Bucket& bucket_for(const Identity& identity);
  void call(Bucket& bucket, uint32_t most);
  static void had_turn(Waiter& waiter);
  void no_longer_made(BackendConnection& connection, uint32_t called);

  Loop& loop_;
  Scratch& scratch_;
  WorkerMetrics& metrics_;
  Deadline sweep_;
  std::unordered_map<Key, std::unique_ptr<Bucket>, Hash, Equal> buckets_;
};

}  // namespace sallyport
