#include "dataplane/session/client_table.h"

#include "dataplane/base/check.h"

namespace sallyport {

Reason ClientTable::admit(const Address& client, const Limits& limits, Ticket& ticket) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= limits.connections) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return Reason::OverConnections;
  }
  if (client.valid() && !enter(client, limits)) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return Reason::OverConnectionsPerClient;
  }
  ticket.table_ = this;
  ticket.client_ = client;
  return Reason::Closed;
}

Reason ClientTable::name_client(const Address& client, const Limits& limits, Ticket& ticket) {
  DCHECK(ticket.table_ && !ticket.client_.valid());
  if (!enter(client, limits)) return Reason::OverConnectionsPerClient;
  ticket.client_ = client;
  return Reason::Closed;
}

bool ClientTable::enter(const Address& client, const Limits& limits) {
  Shard& s = shard(client);
  std::lock_guard lock(s.mutex);
  uint32_t& count = s.counts[client];
  if (count >= limits.connections_per_client) {
    if (count == 0) s.counts.erase(client);
    return false;
  }
  ++count;
  return true;
}

void ClientTable::leave(const Address& client) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (!client.valid()) return;
  Shard& s = shard(client);
  std::lock_guard lock(s.mutex);
  auto it = s.counts.find(client);
  if (--it->second == 0) s.counts.erase(it);
}

}  // namespace sallyport
