// A request over HTTP/2, one stream at a time: what a connection of HTTP/2 costs beside one of
// HTTP/1.1 under the very same load. Many streams at once are h2load's part.
#pragma once

#include <memory>

#include "bench/load/exchange.h"

namespace sallyport::bench {

/// The windows offered to the server are a browser's: large enough that a download of some MiB
/// needs few updates.
std::unique_ptr<Exchange> make_h2_exchange(const Options& options, const Host& host);

}  // namespace sallyport::bench
