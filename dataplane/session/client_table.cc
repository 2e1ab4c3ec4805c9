#include "dataplane/session/client_table.h"

namespace sallyport {

Reason ClientTable::admit(const Address& client, const Limits& limits, Ticket& ticket) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= limits.connections) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return Reason::OverConnections;
  }
  {
    Shard& s = shard(client);
    std::lock_guard lock(s.mutex);
    uint32_t& count = s.counts[client];
    if (count >= limits.connections_per_client) {
      open_.fetch_sub(1, std::memory_order_relaxed);
      return Reason::OverConnectionsPerClient;
    }
    ++count;
  }
  ticket.table_ = this;
  ticket.client_ = client;
  return Reason::Closed;
}

void ClientTable::leave(const Address& client) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  Shard& s = shard(client);
  std::lock_guard lock(s.mutex);
  auto it = s.counts.find(client);
  if (--it->second == 0) s.counts.erase(it);
}

}  // namespace sallyport
