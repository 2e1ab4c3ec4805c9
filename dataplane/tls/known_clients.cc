#include "dataplane/tls/known_clients.h"

#include "dataplane/tls/certificate.h"

namespace sallyport {

KnownClients& KnownClients::of_this_thread() {
  thread_local KnownClients clients;
  return clients;
}

// DER says its own length, so that one after the other is unambiguous.
std::string KnownClients::key(const ClientDemand& demand, std::string_view certificates) {
  return content_hash({demand.content, certificates});
}

std::shared_ptr<const ClientIdentity> KnownClients::find(const std::string& key, std::time_t now) {
  auto found = known_.find(key);
  if (found == known_.end()) return nullptr;
  if (found->second.since <= now && now < found->second.until) return found->second.identity;
  known_.erase(found);
  return nullptr;
}

void KnownClients::remember(const std::string& key, std::shared_ptr<const ClientIdentity> identity,
                            std::time_t now, std::time_t until) {
  if (until <= now) return;
  // Whoever is still there comes back; an order by age would cost each of them more than this.
  if (known_.size() >= kMost) known_.clear();
  known_[key] = {std::move(identity), now, until};
}

}  // namespace sallyport
