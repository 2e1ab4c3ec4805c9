#include "dataplane/session/current_snapshot.h"

namespace sallyport {

// A connection is what its handshake made it. Where the site asks for the same TLS as then, it is
// as good as a new one; where not, this request is its last. A certificate that was shown is then
// judged as on a new connection: whoever was revoked is out. Whoever was not asked for one could
// not know, and is served as before.
void use_current_snapshot(SessionContext& context, Arrival& arrival, ExchangeClient& client) {
  if (arrival.snapshot.current()) return;
  Generation& now = *context.generation;
  const std::string& name = client.facts.rules->config.name;
  for (const auto& rules : now.snapshot->listeners) {
    if (rules->config.name != name ||
        rules->config.protocol != client.facts.rules->config.protocol) {
      continue;
    }
    const Site* site = nullptr;
    if (client.facts.site) {
      site = rules->sites.find(arrival.record.sni).site;
      if (!site || !site->tls) break;
      if (site->tls != client.facts.site->tls ||
          site->session_context != client.facts.site->session_context) {
        ClientProof* proof = client.facts.proof;
        bool judged = site->asks_clients && proof && proof->shown() &&
                      site->min_tls <= client.facts.tls;
        if (!judged) break;
        client.facts.outdated = client.last = true;
      }
      arrival.record.site = site->name;
      arrival.record.scenario = site->scenario;
    }
    arrival.record.listener = rules->config.name;
    client.facts.rules = rules.get();
    client.facts.site = site;
    arrival.rules = rules.get();
    arrival.snapshot = GenerationRef(context, now);
    return;
  }
  client.last = true;
}

}  // namespace sallyport
