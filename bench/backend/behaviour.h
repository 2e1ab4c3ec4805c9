// What the test backend does on one connection, apart from how the bytes are carried.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/base/bytes.h"

namespace sallyport::bench {

enum class Mode : uint8_t { Echo, Http, Source, Sink };

struct BehaviourOptions {
  Mode mode = Mode::Http;
  uint64_t size = 1024;   // http: the body of "/"; source: bytes sent
  bool end_last = false;  // source: half-close only after the peer has
};

class Behaviour {
 public:
  virtual ~Behaviour() = default;

  /// What is to be sent next; empty when there is nothing. Valid until sent() or received().
  virtual Bytes to_send() = 0;
  virtual void sent(size_t bytes) = 0;
  /// Whether more may be received now: no when what is to be answered piles up.
  virtual bool wants_more() const { return true; }
  virtual void received(Bytes bytes) = 0;
  /// The peer ended its half; `how` is "clean", "truncated" or "reset".
  virtual void ended(const char* how) = 0;
  /// Whether our half is to be closed once there is nothing to send.
  virtual bool wants_end() const = 0;
  /// Printed when the connection is gone; empty for nothing.
  virtual std::string summary() const { return {}; }
};

std::unique_ptr<Behaviour> make_behaviour(const BehaviourOptions& options);

}  // namespace sallyport::bench
