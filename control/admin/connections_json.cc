#include "control/admin/connections_json.h"

#include "dataplane/base/json_object.h"

namespace sallyport {

namespace {

void append_connection(std::string& out, const ConnectionInfo& c) {
  JsonObject object(out);
  auto text_if_any = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) object.text(key, value);
  };
  object.number("id", c.id);
  object.time("start", c.start);
  object.text("listener", c.listener);
  object.address("client", c.client);
  text_if_any("site", c.site);
  if (c.routed) object.text("scenario", name(c.scenario));
  text_if_any("sni", c.sni);
  text_if_any("service", c.service);
  if (c.endpoint.valid()) object.address("endpoint", c.endpoint);
  object.number("bytes_from_client", c.bytes_from_client);
  object.number("bytes_from_backend", c.bytes_from_backend);
  object.number("age_us", int64_t{c.age.count()});
  object.text("doing", c.doing);
  object.end();
}

}  // namespace

std::string connections_json(const std::vector<ConnectionInfo>& connections, size_t total) {
  std::string out = "{\"total\":" + std::to_string(total) + ",\"connections\":[";
  bool first = true;
  for (const ConnectionInfo& connection : connections) {
    if (!first) out += ',';
    first = false;
    append_connection(out, connection);
  }
  out += "]}\n";
  return out;
}

}  // namespace sallyport
