#include "dataplane/observe/access_line.h"

#include "dataplane/base/json_object.h"

namespace sallyport {

namespace {

// Of each text that a peer chose. A host name has at most 255 characters; a ClientHello may
// carry 64 KiB of something else, which no log should repeat.
constexpr size_t kTextMost = 512;
constexpr size_t kPathMost = 2048;

void text_if_any(JsonObject& line, std::string_view key, std::string_view value) {
  if (!value.empty()) line.text(key, value, kTextMost);
}

void time_if_reached(JsonObject& line, std::string_view key, Micros since_start) {
  if (since_start >= Micros(0)) line.number(key, int64_t{since_start.count()});
}

void append_who(JsonObject& line, const ConnectionRecord& r) {
  line.time("time", r.start);
  line.text("kind", "connection");
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

void append_who(JsonObject& line, const RequestRecord& r) {
  line.time("time", r.start);
  line.text("kind", "request");
  line.number("connection", r.connection);
  text_if_any(line, "request_id", r.request_id);
  line.text("listener", r.listener);
  line.address("client", r.client);
  if (r.peer != r.client) line.address("peer", r.peer);
}

void append_question(JsonObject& line, const RequestRecord& r) {
  text_if_any(line, "method", r.method);
  text_if_any(line, "host", r.host);
  if (!r.path.empty()) line.text("path", r.path, kPathMost);
  text_if_any(line, "protocol", r.protocol);
  if (r.status) line.number("status", uint64_t{r.status});
  text_if_any(line, "user_agent", r.user_agent);
  text_if_any(line, "referer", r.referer);
  text_if_any(line, "x_forwarded_for", r.x_forwarded_for);
}

void append_tls(JsonObject& line, const RequestRecord& r) {
  if (r.tls_version.empty()) return;
  text_if_any(line, "sni", r.sni);
  line.text("tls_version", r.tls_version);
  text_if_any(line, "tls_cipher", r.tls_cipher);
  line.boolean("tls_resumed", r.tls_resumed);
  text_if_any(line, "client_subject", r.client_subject);
}

void append_relay(JsonObject& line, const RequestRecord& r) {
  text_if_any(line, "site", r.site);
  if (r.routed) line.text("scenario", name(r.scenario));
  text_if_any(line, "route", r.route);
  text_if_any(line, "service", r.service);
  if (r.endpoint.valid()) line.address("endpoint", r.endpoint);
  line.number("connect_attempts", uint64_t{r.connect_attempts});
  if (r.backend_status) line.number("backend_status", uint64_t{r.backend_status});
  if (r.reused_connection) line.boolean("reused_connection", true);
  if (r.retried) line.boolean("retried", true);
  if (r.upgraded) line.boolean("upgraded", true);
}

void append_bytes(JsonObject& line, const RequestRecord& r) {
  line.number("request_head_bytes", r.request_head_bytes);
  line.number("request_body_bytes", r.request_body_bytes);
  line.number("response_head_bytes", r.response_head_bytes);
  line.number("response_body_bytes", r.response_body_bytes);
  if (r.backend_status) line.number("backend_body_bytes", r.backend_body_bytes);
}

void append_times(JsonObject& line, const RequestRecord& r) {
  time_if_reached(line, "request_head_us", r.request_head);
  time_if_reached(line, "connected_us", r.connected);
  time_if_reached(line, "request_sent_us", r.request_sent);
  time_if_reached(line, "response_head_us", r.response_head);
  time_if_reached(line, "response_end_us", r.response_end);
  line.number("duration_us", int64_t{r.duration.count()});
}

void append_end(JsonObject& line, const RequestRecord& r) {
  line.text("end", name(r.end));
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

void append_access_line(std::string& out, const RequestRecord& record) {
  JsonObject line(out);
  append_who(line, record);
  append_question(line, record);
  append_tls(line, record);
  append_relay(line, record);
  append_bytes(line, record);
  append_times(line, record);
  append_end(line, record);
  line.end();
  out += '\n';
}

}  // namespace sallyport
