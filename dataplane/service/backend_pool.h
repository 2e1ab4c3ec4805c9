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
};

/// Idle connections by identity: the address, and under TLS the name that was checked and all that
/// the context stands for (authorities, own certificate, versions). Never by service or snapshot:
/// where a change of the configuration leaves those as they were, connections are used on. And
/// never across them: another name, CA or certificate is another identity.
/// Thread: the worker's.
class BackendPool final : private Task {
 public:
  BackendPool(Loop& loop, Scratch& scratch, WorkerMetrics& metrics);
  ~BackendPool() override;

  /// One that was idle, the one used last, or null. Its socket still posts the connection: the
  /// caller sets the owner.
  std::unique_ptr<BackendConnection> take(const Service& service, const Endpoint& endpoint);
  /// Not connected yet.
  std::unique_ptr<BackendConnection> make(const Service& service, const Endpoint& endpoint);
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
  };

  void turn() override;
  void drop(BackendConnection& idle);
  Bucket* bucket_of(const BackendConnection& connection);

  Loop& loop_;
  Scratch& scratch_;
  WorkerMetrics& metrics_;
  Deadline sweep_;
  std::unordered_map<Key, std::unique_ptr<Bucket>, Hash, Equal> buckets_;
};

}  // namespace sallyport
