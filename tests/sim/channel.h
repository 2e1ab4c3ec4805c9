// What a peer's script talks through: an end of a connection, plain or under TLS.
#pragma once

#include <memory>

#include "dataplane/base/bytes.h"
#include "tests/sim/connection.h"

namespace sallyport::sim {

class Channel {
 public:
  enum class Got : uint8_t {
    Bytes,
    Nothing,  // for now
    End,      // the other side has said that there is no more
    Cut,      // there is no more, and nobody said so
  };
  struct Taken {
    Got got;
    size_t bytes = 0;
  };

  virtual ~Channel() = default;

  virtual Taken read(MutableBytes into) = 0;
  /// How many were taken; 0: none for now, or, when broken(), for good.
  virtual size_t write(Bytes from) = 0;
  virtual bool broken() const = 0;
  /// Says that no more will come, once all that was written has gone. False: call again.
  virtual bool finish() = 0;
  /// Ends the connection so that the other side can tell that something is missing.
  virtual void cut() = 0;
  /// The end of a connection that both sides have finished, or that is cut.
  virtual void close() = 0;
};

/// TCP alone: FIN says that no more will come, RST cuts.
class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(End& end) : end_(end) {}

  Taken read(MutableBytes into) override {
    IoResult r = end_.read(into);
    switch (r.kind) {
      case Io::Ok: return {Got::Bytes, r.bytes};
      case Io::Blocked: return {broken_ ? Got::Cut : Got::Nothing};
      // After a RST that a write was told of, the kernel says End as well.
      case Io::End: return {end_.fin_arrived() ? Got::End : Got::Cut};
      case Io::Failed: return {Got::Cut};
    }
    return {Got::Cut};
  }
  size_t write(Bytes from) override {
    IoResult r = end_.write(from);
    broken_ |= r.kind == Io::Failed;
    return r.bytes;
  }
  bool broken() const override { return broken_; }
  bool finish() override {
    end_.shutdown_write();
    return true;
  }
  void cut() override { end_.reset(); }
  void close() override { end_.close(); }

 private:
  End& end_;
  bool broken_ = false;
};

}  // namespace sallyport::sim
