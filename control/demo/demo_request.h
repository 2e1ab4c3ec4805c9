// Requests as they come on a connection to a demo backend, one after the other.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/demo/byte_stream.h"
#include "dataplane/wire/h1_body.h"
#include "dataplane/wire/h1_head.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

/// Reads with the proxy's own parser, as strictly. A body is counted and, but for its beginning,
/// thrown away.
class DemoRequests {
 public:
  static constexpr size_t kHeadMost = 64 * 1024;  // as much as the proxy lets through, and more
  static constexpr size_t kBodyShown = 64;
  /// For a whole head, and between pieces of a body. Longer than the proxy keeps a connection that
  /// it does not use (backend_idle_timeout): it is better for requests when the proxy is the one to
  /// close it.
  static constexpr std::chrono::seconds kTimeout{90};

  /// `stream` outlives this.
  explicit DemoRequests(ByteStream& stream) : stream_(stream) {}

  enum class Next : uint8_t {
    Whole,    // head and body
    Refused,  // see fault(); nothing may follow
    Ended,    // no further request, or not in time
  };
  Next next();

  // Of the request that came last, until next().
  const RequestHead& head() const { return head_; }
  uint64_t body_size() const { return body_size_; }
  std::string_view body_beginning() const { return body_beginning_; }
  H1Fault fault() const { return fault_; }

 private:
  Next read_head();
  Next read_body();
  Next refuse(H1Fault fault);
  bool read_more();

  ByteStream& stream_;
  std::string received_;    // and not used yet
  std::string head_bytes_;  // what head_ consists of views of
  RequestHead head_;
  H1BodyDecoder body_;
  uint64_t body_size_ = 0;
  std::string body_beginning_;
  H1Fault fault_ = H1Fault::None;
};

}  // namespace sallyport
