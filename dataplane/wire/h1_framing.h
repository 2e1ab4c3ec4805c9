// What the fields of a head say about its body and its connection (RFC 9112 sections 6 and 9).
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/wire/h1_head.h"
#include "dataplane/wire/http_field.h"

namespace sallyport {

/// Of either kind of message. Views into the fields.
struct H1Framing {
  const Field* host = nullptr;
  const Field* length_field = nullptr;
  const Field* coding_field = nullptr;
  uint64_t length = 0;           // with a length_field
  bool chunked = false;          // exactly that
  std::string_view upgrade;      // well-formed or not, whether or not Connection names it
  bool upgrades = false;         // Connection names it
  bool several_upgrades = false;
  bool closes = false;
  bool keeps_alive = false;      // asked for by name
  bool expects_continue = false;
  bool expects_other = false;
  bool takes_trailers = false;
};

/// Refuses every doubt about where the message ends, and several hosts. `minor` of HTTP/1.minor.
H1Fault read_framing(const FieldList& fields, uint8_t minor, H1Framing& out);

/// Connection, as it results (RFC 9112 section 9.3): "close" wins over "keep-alive".
bool stays_open(const H1Framing& framing, uint8_t minor);

/// Whether `text` is what an Upgrade field may say (RFC 9110 section 7.8).
bool is_upgrade(std::string_view text);

}  // namespace sallyport
