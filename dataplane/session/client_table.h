// Open connections, in all and per client address: the limits that span workers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "dataplane/base/address.h"
#include "dataplane/model/config.h"
#include "dataplane/observe/reason.h"

namespace sallyport {

/// Shared by all workers; locked in shards, and only when a connection begins and ends.
class ClientTable {
 public:
  /// One connection's place in the table; leaves it when destroyed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(table_, other.table_);
      std::swap(client_, other.client_);
      return *this;
    }
    ~Ticket() {
      if (table_) table_->leave(client_);
    }

   private:
    friend class ClientTable;
    ClientTable* table_ = nullptr;
    Address client_;
  };

  /// Reason::Closed when admitted, and then `ticket` holds the place; else the limit's reason.
  /// A `client` that is not valid() stands for whoever a PROXY header will name: only the limit on
  /// all connections is applied.
  Reason admit(const Address& client, const Limits& limits, Ticket& ticket);
  /// The header has named `client`: its own limit is applied. REQUIRES: `ticket` was admitted for
  /// nobody yet.
  Reason name_client(const Address& client, const Limits& limits, Ticket& ticket);

  uint64_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  struct ByIp {
    size_t operator()(const Address& a) const { return a.ip_hash(); }
    bool operator()(const Address& a, const Address& b) const { return a.same_ip(b); }
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<Address, uint32_t, ByIp, ByIp> counts;
  };

  Shard& shard(const Address& client) { return shards_[client.ip_hash() % shards_.size()]; }
  bool enter(const Address& client, const Limits& limits);
  void leave(const Address& client);

  std::atomic<uint64_t> open_{0};
  std::array<Shard, 64> shards_;
};

}  // namespace sallyport
