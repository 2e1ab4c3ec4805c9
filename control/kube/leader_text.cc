#include "control/kube/leader.h"
#include "dataplane/base/json_object.h"

namespace sallyport::kube {

namespace {

constexpr size_t kMostNote = 1000;    // the API server takes 1024
constexpr size_t kMostName = 200;     // of 253, with the rest of an Event's name
constexpr uint64_t kFnvBasis = 14695981039346656037u, kFnvPrime = 1099511628211u;

// FNV-1a: the same on every replica, of every version.
uint64_t hash(std::string_view text, uint64_t state) {
  for (char c : text) state = (state ^ static_cast<unsigned char>(c)) * kFnvPrime;
  return (state ^ 0xffu) * kFnvPrime;
}

}  // namespace

std::string event_name(const EventWork& event) {
  uint64_t state = kFnvBasis;
  for (const std::string* each : {&event.uid, &event.reason, &event.note}) {
    state = hash(*each, state);
  }
  char digits[17];
  snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(state));
  return event.object.name.substr(0, kMostName) + "." + digits;
}

std::string event_json(const EventWork& event, const LeaderSettings& settings, WallTime now) {
  const std::string space = event.object.space.empty() ? "default" : event.object.space;
  std::string out = R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":)";
  JsonObject metadata(out);
  metadata.text("name", event_name(event));
  metadata.text("namespace", space);
  metadata.end();
  out += R"(,"regarding":)";
  JsonObject regarding(out);
  regarding.text("apiVersion", api_version(event.kind));
  regarding.text("kind", name(event.kind));
  if (!event.object.space.empty()) regarding.text("namespace", event.object.space);
  regarding.text("name", event.object.name);
  regarding.text("uid", event.uid);
  regarding.end();
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"eventTime", micro_time(now)},
           {"reportingController", settings.controller},
           {"reportingInstance", settings.who.substr(0, 128)},
           {"action", "Translate"},
           {"reason", event.reason.empty() ? "Finding" : event.reason},
           {"type", event.warning ? "Warning" : "Normal"}}) {
    out += std::string(",\"") + key + "\":";
    append_json_string(out, value);
  }
  out += R"(,"note":)";
  append_json_string(out, event.note, kMostNote);
  return out + "}";
}

std::string status_json(const std::vector<PublishedAddress>& addresses) {
  std::string out = R"({"status":{"loadBalancer":{"ingress":)";
  if (addresses.empty()) return out + "null}}}";
  out += '[';
  for (const PublishedAddress& address : addresses) {
    if (out.back() != '[') out += ',';
    JsonObject item(out);
    if (!address.ip.empty()) item.text("ip", address.ip);
    if (!address.hostname.empty()) item.text("hostname", address.hostname);
    item.end();
  }
  return out + "]}}}";
}

}  // namespace sallyport::kube
