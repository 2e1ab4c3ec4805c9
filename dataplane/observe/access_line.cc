#include "dataplane/observe/access_line.h"

#include "dataplane/base/json_object.h"

namespace sallyport {

namespace {

// Of each text that a peer chose. A host name has at most 255 characters; a ClientHello may
// carry 64 KiB of something else, which no log should repeat.
constexpr size_t kTextMost = 512;

void text_if_any(JsonObject& line, std::string_view key, std::string_view value) {
  if (!value.empty()) line.text(key, value, kTextMost);
}

void time_if_reached(JsonObject& line, std::string_view key, Micros since_start) {
  if (since_start >= Micros(0)) line.number(key, int64_t{since_start.count()});
}

void append_who(JsonObject& line, const ConnectionRecord& r) {
  line.time("time", r.start);
  line.number("id", r.id);
  line.text("listener", r.listener);
  line.address("client", r.client);
  if (r.peer != r.client) line.address("peer", r.peer);
  text_if_any(line, "site", r.site);
  if (r.routed) line.text("scenario", name(r.scenario));
}

void append_tls(JsonObject& line, const ConnectionRecord& r) {
  text_if_any(line, "sni", r.sni);
  text_if_any(line, "alpn", r.alpn);
  if (r.tls_version.empty()) return;
  line.text("tls_version", r.tls_version);
  text_if_any(line, "tls_cipher", r.tls_cipher);
  line.boolean("tls_resumed", r.tls_resumed);
}

void append_relay(JsonObject& line, const ConnectionRecord& r) {
  text_if_any(line, "service", r.service);
  if (r.endpoint.valid()) line.address("endpoint", r.endpoint);
  line.number("connect_attempts", uint64_t{r.connect_attempts});
  line.number("bytes_from_client", r.bytes_from_client);
  line.number("bytes_from_backend", r.bytes_from_backend);
}

void append_times(JsonObject& line, const ConnectionRecord& r) {
  time_if_reached(line, "hello_us", r.hello);
  time_if_reached(line, "client_handshake_us", r.client_handshake);
  time_if_reached(line, "connected_us", r.connected);
  time_if_reached(line, "backend_handshake_us", r.backend_handshake);
  line.number("duration_us", int64_t{r.duration.count()});
}

void append_end(JsonObject& line, const ConnectionRecord& r) {
  line.text("reason", name(r.reason));
  line.text("by", name(r.by));
  line.text("doing", r.doing);
  text_if_any(line, "detail", r.detail);
}

}  // namespace

void append_access_line(std::string& out, const ConnectionRecord& record) {
  JsonObject line(out);
  append_who(line, record);
  append_tls(line, record);
  append_relay(line, record);
  append_times(line, record);
  append_end(line, record);
  line.end();
  out += '\n';
}

}  // namespace sallyport
