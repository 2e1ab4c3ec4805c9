// Text of a configuration with places in it for what a request has: "/shop/$1", "https://$host/".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace sallyport {

class TextTemplate {
 public:
  struct Piece {
    enum class Kind : uint8_t {
      Text,
      Group,       // "$1" to "$9": what a group of the route's pattern has matched
      Host,        // "$host": in lower case, without a port
      RequestUri,  // "$request_uri": path and query, as they were sent
      IsArgs,      // "$is_args": the '?' of a query that is not empty
      Args,        // "$args": that query, without it
    };
    Kind kind = Kind::Text;
    uint8_t group = 0;
    std::string text = {};
    bool operator==(const Piece&) const = default;
  };
  /// Which words are known beside groups.
  enum class Words : uint8_t { None, OfRequest };

  /// `groups` is how many the pattern has; 0 where there is none. Or what is wrong, and what would
  /// be right.
  static Result<TextTemplate> parse(std::string_view text, size_t groups, Words words);

  const std::vector<Piece>& pieces() const { return pieces_; }
  bool has(Piece::Kind kind) const;

 private:
  std::vector<Piece> pieces_;  // no two texts beside each other
};

}  // namespace sallyport
