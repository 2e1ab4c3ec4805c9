// The handshake of WebSocket in HTTP/1.1 (RFC 6455 section 4), for a side that HTTP/2 spares it.
#pragma once

#include <array>
#include <string_view>

namespace sallyport {

/// 16 bytes in base64: they need not be secret, only new each time.
struct WebSocketKey {
  std::array<char, 24> text;
  std::string_view view() const { return {text.data(), text.size()}; }
};
/// Of at least 21 characters of hex, which are base64 as well.
WebSocketKey websocket_key(std::string_view random_hex);

struct WebSocketAccept {
  std::array<char, 29> text;  // and what ends a string
  std::string_view view() const { return {text.data(), text.size() - 1}; }
};
/// What a server says to a client's Sec-WebSocket-Key.
WebSocketAccept websocket_accept(std::string_view key);

}  // namespace sallyport
