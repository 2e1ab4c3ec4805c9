// How a record of TLS begins and what it may hold.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport {

constexpr size_t kRecordHead = 5;
constexpr size_t kRecordMost = 16 * 1024;  // RFC 8446 section 5.1: of plain text
constexpr size_t kRecordTag = 16;          // of each cipher of TLS 1.3

constexpr uint8_t kAlertRecord = 21;
constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kDataRecord = 23;

constexpr uint8_t kKeyUpdate = 24;  // RFC 8446 section 4: a message of the handshake

/// RFC 8446 section 5.1. `size` is that of what follows the head.
inline void put_record_head(uint8_t type, size_t size, uint8_t* head) {
  head[0] = type;
  head[1] = head[2] = 3;
  head[3] = static_cast<uint8_t>(size >> 8);
  head[4] = static_cast<uint8_t>(size);
}

}  // namespace sallyport
