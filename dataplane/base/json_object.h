// Writing JSON objects onto the end of a text, fast and from hostile values.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"

namespace sallyport {

/// Appends `value` in quotes, as RFC 8259 section 7 wants it. What is not UTF-8 becomes U+FFFD,
/// so that the result is valid whatever a peer has sent; more than `most` bytes are cut ("…").
void append_json_string(std::string& out, std::string_view value,
                        size_t most = std::numeric_limits<size_t>::max());

/// One object, flat. Allocates only where `out` must grow.
/// REQUIRES: `out` outlives it and is written by nobody else until end(); keys are plain ASCII
/// words; end() is called once, last.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view key, std::string_view value,
            size_t most = std::numeric_limits<size_t>::max());
  void number(std::string_view key, int64_t value);
  void number(std::string_view key, uint64_t value);
  void boolean(std::string_view key, bool value);
  void time(std::string_view key, WallTime value);             // RFC 3339, UTC
  void address(std::string_view key, const Address& value);    // "10.0.0.1:443", "[::1]:443"
  void end() { out_ += '}'; }

 private:
  void put_key(std::string_view key);

  std::string& out_;
  bool first_ = true;
};

}  // namespace sallyport
