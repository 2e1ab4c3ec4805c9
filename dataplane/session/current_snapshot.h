// Which configuration a request is treated by that comes on a connection older than it.
#pragma once

#include "dataplane/session/exchange.h"
#include "dataplane/session/session.h"

namespace sallyport {

/// Brings a connection up to the current snapshot, where its listener and its site's TLS are still
/// there; else `client.last` becomes true, and it goes on with the one that it has.
void use_current_snapshot(SessionContext& context, Arrival& arrival, ExchangeClient& client);

}  // namespace sallyport
