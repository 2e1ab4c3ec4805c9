// What a peer's script talks through: an end of a connection, plain or under TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/proxy_header.h"
#include "tests/sim/byte_queue.h"
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
    Writes sent{};  // of bytes: when the other side wrote them
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

  /// Of a backend that expects one, once it is there.
  virtual const ProxyHeader* proxy_header() const { return nullptr; }
};

/// What a connection begins with, outside of what the script sends.
struct Opening {
  std::vector<uint8_t> preamble;     // sent first, in the clear: a PROXY header
  bool expects_proxy_header = false;
};

/// Takes a PROXY header off the beginning of a connection, and not one byte more.
class ProxyHeaderReader {
 public:
  explicit ProxyHeaderReader(bool expected) : done_(!expected) {}

  bool done() const { return done_; }
  /// What kept it from being done().
  Channel::Got read(End& end);
  const ProxyHeader* header() const { return header_ ? &*header_ : nullptr; }

 private:
  bool done_;
  std::vector<uint8_t> bytes_;
  std::optional<ProxyHeader> header_;
};

/// TCP alone: FIN says that no more will come, RST cuts.
class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(End& end, const Opening& opening = {});

  Taken read(MutableBytes into) override;
  size_t write(Bytes from) override;
  bool broken() const override { return broken_; }
  bool finish() override;
  void cut() override { end_.reset(); }
  void close() override { end_.close(); }
  const ProxyHeader* proxy_header() const override { return reader_.header(); }

 private:
  bool send_preamble();

  End& end_;
  ByteQueue preamble_;
  ProxyHeaderReader reader_;
  bool broken_ = false;
};

}  // namespace sallyport::sim
