#include "control/kube/ticket_rotation.h"

#include <algorithm>

#include "control/kube/base64.h"
#include "control/kube/json_field.h"
#include "control/kube/parse.h"
#include "dataplane/base/json_object.h"
#include "dataplane/base/timestamp.h"

namespace sallyport::kube {

namespace {

constexpr size_t kMostKeys = 10;
constexpr size_t kKept = 4;  // the newest, and those of the last two hours and more
constexpr const char* kRotated = "sallyport.dev/ticket-key-made";
constexpr const char* kWaiting = "sallyport.dev/ticket-key-waiting";

std::string key_name(size_t at) {
  return at == 0 ? "ticket.key" : "ticket.key." + std::to_string(at);
}

std::string time_text(int64_t seconds) {
  char text[kTimestampSize];
  write_timestamp(WallTime(Seconds(seconds)), text);
  return std::string(text, sizeof text).substr(0, 19) + "Z";
}

}  // namespace

Result<TicketSecret> parse_ticket_secret(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(simdjson::padded_string(json)).get(document)) return Error{"not JSON"};
  std::string error;
  JsonField root(document, error);
  JsonField metadata = root["metadata"];
  TicketSecret secret;
  secret.version = metadata["resourceVersion"].text();
  JsonField annotations = metadata["annotations"];
  secret.rotated = parse_time(annotations[kRotated].text());
  secret.waiting = annotations[kWaiting].text() == "true";
  JsonField data = root["data"];
  for (size_t i = 0; i < kMostKeys; ++i) {
    std::string name = key_name(i);
    std::string text = data[name.c_str()].text();
    if (text.empty()) break;
    std::optional<std::string> bytes = base64_decode(text);
    if (!bytes) return Error{name + " is not base64"};
    secret.keys.push_back(std::move(*bytes));
  }
  if (!error.empty()) return Error{error};
  if (secret.keys.size() < 2) secret.waiting = false;
  return secret;
}

std::string ticket_secret_json(const TicketSecret& secret, const std::string& space,
                               const std::string& name) {
  std::string out = "{";
  if (secret.version.empty()) out += R"("apiVersion":"v1","kind":"Secret","type":"Opaque",)";
  out += R"("metadata":{"name":)";
  append_json_string(out, name);
  out += R"(,"namespace":)";
  append_json_string(out, space);
  if (!secret.version.empty()) {
    out += R"(,"resourceVersion":)";
    append_json_string(out, secret.version);
  }
  out += R"(,"annotations":)";
  JsonObject annotations(out);
  annotations.text(kRotated, time_text(secret.rotated));
  annotations.text(kWaiting, secret.waiting ? "true" : "false");
  annotations.end();
  out += R"(},"data":{)";
  size_t all = secret.version.empty() ? secret.keys.size() : kMostKeys;
  for (size_t i = 0; i < all; ++i) {
    out += (i ? ",\"" : "\"") + key_name(i) + "\":";
    if (i < secret.keys.size()) {
      append_json_string(out, base64_encode(secret.keys[i]));
    } else {
      out += "null";  // a merge patch takes it away
    }
  }
  return out + "}}";
}

std::optional<TicketSecret> rotated(const TicketSecret& secret, int64_t now_seconds,
                                    const std::function<std::string()>& random) {
  TicketSecret next = secret;
  if (secret.keys.empty()) {
    next.keys = {random()};
    next.rotated = now_seconds;
    next.waiting = false;
    return next;
  }
  if (secret.waiting) {
    if (now_seconds - secret.rotated < kTicketNoticeSeconds) return {};
    std::swap(next.keys[0], next.keys[1]);
    next.waiting = false;
    if (next.keys.size() > kKept) next.keys.resize(kKept);
    return next;
  }
  // A time in the future was written by a clock that is wrong: not waited for.
  int64_t age = now_seconds - secret.rotated;
  if (age >= 0 && age < kTicketPeriodSeconds) return {};
  next.keys.insert(next.keys.begin() + 1, random());
  if (next.keys.size() > kKept + 1) next.keys.resize(kKept + 1);
  next.rotated = now_seconds;
  next.waiting = true;
  return next;
}

}  // namespace sallyport::kube
