#include "control/kube/reflector.h"

#include "control/kube/parse.h"

namespace sallyport::kube {

namespace {

constexpr size_t kMostRefusal = 16 * 1024;  // of a body that is no success
constexpr Seconds kMostRetryAfter{60};
constexpr Millis kShortWatch{1'000};
constexpr uint32_t kWatchFailures = 3;  // then the version itself may be what is wrong
constexpr uint32_t kExpiredPages = 2;   // then all of it in one

}  // namespace

const char* name(Fault fault) {
  static constexpr const char* kNames[kFaults] = {
      "unauthorized", "forbidden",  "not_found", "expired", "throttled", "server_error",
      "unexpected",   "unreachable", "untrusted", "reset",   "silent",    "malformed",
      "too_large",    "credentials"};
  return kNames[static_cast<size_t>(fault)];
}

std::string WatchScope::text() const {
  std::string text = plural(kind);
  if (!space.empty()) text += " of " + space;
  if (!field_selector.empty()) text += " (" + field_selector + ")";
  return text;
}

Reflector::Reflector(WatchScope scope, ReflectorSettings settings, ReflectorListener& listener,
                     uint64_t seed)
    : scope_(std::move(scope)),
      settings_(settings),
      listener_(listener),
      back_off_(settings.first_wait, settings.most_wait, seed),
      random_(seed),
      page_size_(settings.page_size),
      lines_(settings.object_size) {}

std::optional<Reflector::Clock::time_point> Reflector::due_at() const {
  if (busy_) return {};
  return due_;
}

std::optional<HttpRequest> Reflector::due() {
  Clock::time_point now = settings_.now();
  if (busy_ || now < due_) return {};
  busy_ = true;
  begun_ = now;
  head_ = {};
  body_.clear();
  lines_.reset();
  stopped_by_.reset();
  stopped_detail_.clear();
  events_seen_ = false;
  if (next_ == Doing::StreamedList || (next_ == Doing::List && page_token_.empty())) note_known();
  HttpRequest request;
  request.target = next_ == Doing::List ? list_target() : watch_target();
  return request;
}

std::string Reflector::path() const {
  std::string group = api_version(scope_.kind);
  std::string path = (group == "v1" ? "/api/" : "/apis/") + group;
  if (!scope_.space.empty()) path += "/namespaces/" + scope_.space;
  return path + "/" + plural(scope_.kind);
}

std::string Reflector::list_target() const {
  std::string target = path() + "?limit=" + std::to_string(page_size_);
  if (!page_token_.empty()) target += "&continue=" + url_escape(page_token_);
  if (!scope_.field_selector.empty()) {
    target += "&fieldSelector=" + url_escape(scope_.field_selector);
  }
  return target;
}

std::string Reflector::watch_target() {
  // Not all at the same time: a server that ends thousands of watches gets them back at once.
  int64_t most = settings_.watch_timeout.count();
  std::uniform_int_distribution<int64_t> draw(most - most / 4, most);
  int64_t seconds = std::max<int64_t>(1, draw(random_) / 1000);
  std::string target = path() + "?watch=true&allowWatchBookmarks=true&timeoutSeconds=" +
                       std::to_string(seconds);
  target += next_ == Doing::StreamedList
                ? "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                : "&resourceVersion=" + url_escape(version_);
  if (!scope_.field_selector.empty()) {
    target += "&fieldSelector=" + url_escape(scope_.field_selector);
  }
  return target;
}

Millis Reflector::silence() const {
  // A watch in which nothing happens is silent until its time is up; a list is not.
  return next_ == Doing::Watch ? settings_.watch_timeout + settings_.watch_margin
                               : settings_.silence;
}

void Reflector::on_head(const HttpHead& head) {
  head_ = head;
  if (head.status == 200 && next_ == Doing::Watch) listener_.on_success(scope_);
}

bool Reflector::on_body(std::string_view piece) {
  if (head_.status != 200) {
    body_.append(piece.substr(0, kMostRefusal - std::min(kMostRefusal, body_.size())));
    return true;
  }
  if (next_ == Doing::List) return keep(piece, settings_.page_bytes);
  bool go_on = lines_.feed(piece, [this](std::string_view line) { return take_line(line); });
  tell();
  if (!go_on && !stopped_by_) {
    stopped_by_ = Fault::TooLarge;
    stopped_detail_ = "an event of more than " + std::to_string(settings_.object_size) + " bytes";
  }
  return go_on;
}

bool Reflector::keep(std::string_view piece, size_t most) {
  if (body_.size() + piece.size() > most) {
    stopped_by_ = Fault::TooLarge;
    stopped_detail_ = "a list of more than " + std::to_string(most) + " bytes";
    return false;
  }
  body_ += piece;
  return true;
}

bool Reflector::take_line(std::string_view line) {
  Result<WatchEvent> event = parse_watch_event(parser_, line);
  if (!event) {
    stopped_by_ = Fault::Malformed;
    stopped_detail_ = event.error().message;
    return false;
  }
  if (event->type == WatchEvent::Type::Error) return take_error(event->status);
  succeed();
  bool initial = next_ == Doing::StreamedList;
  switch (event->type) {
    case WatchEvent::Type::Put: put(event->object, event->name); break;
    case WatchEvent::Type::Removed: remove(event->name); break;
    case WatchEvent::Type::Bookmark:
      if (initial && event->initial_end) {
        end_list(event->version);
        initial = false;
      }
      break;
    case WatchEvent::Type::Error: break;
  }
  // What a streaming list begins with is older than the list itself.
  if (!initial) version_ = event->version;
  return true;
}

bool Reflector::take_error(const ApiStatus& status) {
  stopped_by_ = status.code == 410   ? Fault::Expired
                : status.code == 429 ? Fault::Throttled
                                     : Fault::ServerError;
  stopped_detail_ = std::to_string(status.code) + " " + status.message;
  return false;
}

void Reflector::on_end(TransferEnd end, const std::string& error) {
  busy_ = false;
  if (stopped_by_) return take_stop(*stopped_by_);
  if (end != TransferEnd::Complete) return take_break(end, error);
  if (head_.status != 200) return take_refusal();
  if (next_ == Doing::List) return take_page();
  if (next_ == Doing::StreamedList) return give_up_streaming();  // it had no end mark
  take_end_of_watch();
}

void Reflector::take_stop(Fault fault) {
  bool watch = next_ == Doing::Watch;
  if (fault == Fault::TooLarge && next_ == Doing::List) {
    page_size_ = std::max(1u, page_size_ / 5);
  }
  if (fault == Fault::Expired || !watch || ++failed_watches_ >= kWatchFailures) begin_anew();
  fail(fault, stopped_detail_);
}

void Reflector::take_break(TransferEnd end, const std::string& error) {
  if (end == TransferEnd::Silent && next_ == Doing::StreamedList && head_.status == 200) {
    return give_up_streaming();  // a server that does not know what was asked sends no end mark
  }
  Fault fault = end == TransferEnd::Unreachable ? Fault::Unreachable
                : end == TransferEnd::Untrusted ? Fault::Untrusted
                : end == TransferEnd::Silent    ? Fault::Silent
                                                : Fault::Reset;
  if (fault == Fault::Untrusted) refused_ = true;
  fail(fault, error);
}

void Reflector::take_end_of_watch() {
  if (!lines_.at_border()) return fail(Fault::Reset, "the watch ended inside an event");
  failed_watches_ = 0;
  if (left_out_) begin_anew();  // there may be room by now
  // Again at once: that is how watches end. But not in a circle.
  bool brief = settings_.now() - begun_ < kShortWatch && !events_seen_;
  due_ = brief ? settings_.now() + back_off_.next() : settings_.now();
  if (!brief) back_off_.reset();
}

void Reflector::take_refusal() {
  ApiStatus said = parse_status(body_);
  std::string detail = std::to_string(head_.status) + " " + said.message;
  switch (head_.status) {
    case 401:
      refused_ = true;
      return fail(Fault::Unauthorized, detail);
    case 403:
      if (scope_.optional) settle();
      return fail(Fault::Forbidden, detail);
    case 404:
      if (scope_.optional) settle();
      return fail(Fault::NotFound, detail);
    case 410:
      if (!page_token_.empty() && ++expired_pages_ >= kExpiredPages) page_size_ = 0;
      begin_anew();
      return fail(Fault::Expired, detail);
    case 429: return fail(Fault::Throttled, detail, head_.retry_after);
    case 400:
    case 422:
      if (next_ == Doing::StreamedList) return give_up_streaming();
      break;
    default: break;
  }
  bool server = head_.status >= 500;
  if (next_ == Doing::Watch && ++failed_watches_ >= kWatchFailures) begin_anew();
  fail(server ? Fault::ServerError : Fault::Unexpected, detail, head_.retry_after);
}

void Reflector::give_up_streaming() {
  streaming_ = false;
  next_ = Doing::List;
  page_token_.clear();
  due_ = settings_.now();
}

void Reflector::take_page() {
  Result<ListPage> page = parse_list(parser_, body_);
  if (!page) {
    begin_anew();
    return fail(Fault::Malformed, page.error().message);
  }
  for (simdjson::dom::element item : page->items) {
    std::string version;
    Result<ObjectName> item_name = name_of(item, version);
    if (item_name) {
      put(item, *item_name);
    } else {
      listener_.on_fault(scope_, Fault::Malformed, item_name.error().message);
    }
  }
  std::string().swap(body_);
  due_ = settings_.now();
  page_token_ = page->next;
  if (!page_token_.empty()) return tell();
  expired_pages_ = 0;
  end_list(page->version);
}

void Reflector::note_known() {
  left_out_ = false;
  unseen_.clear();
  for (const auto& [known, object] : objects_) unseen_.insert(unseen_.end(), known);
}

void Reflector::end_list(std::string version) {
  for (const ObjectName& gone : std::exchange(unseen_, {})) remove(gone);
  tell();
  version_ = std::move(version);
  next_ = Doing::Watch;
  listed_ = true;
  listener_.on_success(scope_);
  settle();
}

void Reflector::put(simdjson::dom::element json, const ObjectName& object_name) {
  Result<ObjectPtr> object = parse_object(scope_.kind, json);
  if (!object) {
    // What cannot be understood is not served in the state it was in before: it is as if gone.
    listener_.on_fault(scope_, Fault::Malformed, object.error().message);
    return remove(object_name);
  }
  auto found = objects_.find(object_name);
  size_t before = found == objects_.end() ? 0 : footprint(*found->second);
  if (!listener_.on_size(before, footprint(**object))) return leave_out(object_name);
  unseen_.erase(object_name);
  ObjectPtr& known = objects_[object_name];
  bool same = known && known->same_content(**object);
  known = std::move(*object);
  if (!same) changes_.push_back({scope_.kind, object_name, known});
}

// Nor is it served in the state it was in before.
void Reflector::leave_out(const ObjectName& object_name) {
  left_out_ = true;
  unseen_.erase(object_name);
  if (objects_.erase(object_name)) changes_.push_back({scope_.kind, object_name, nullptr});
  listener_.on_fault(scope_, Fault::TooLarge,
                     object_name.text() + " is left out, for with it the objects of the cluster "
                                          "would take more than kubernetes.objects_size");
}

void Reflector::remove(const ObjectName& object_name) {
  unseen_.erase(object_name);
  auto found = objects_.find(object_name);
  if (found == objects_.end()) return;
  listener_.on_size(footprint(*found->second), 0);
  objects_.erase(found);
  changes_.push_back({scope_.kind, object_name, nullptr});
}

void Reflector::drop() {
  note_known();
  for (const ObjectName& gone : std::exchange(unseen_, {})) remove(gone);
  tell();
}

void Reflector::tell() {
  if (counted_ != objects_.size()) {
    listener_.on_count(scope_, counted_, objects_.size());
    counted_ = objects_.size();
  }
  if (!changes_.empty()) listener_.on_changes(std::exchange(changes_, {}));
}

void Reflector::settle() {
  if (std::exchange(settled_, true)) return;
  listener_.on_settled(scope_);
}

void Reflector::begin_anew() {
  next_ = streaming_ ? Doing::StreamedList : Doing::List;
  version_.clear();
  page_token_.clear();
  failed_watches_ = 0;
  if (listed_) listener_.on_relist(scope_);
}

void Reflector::failed(const std::string& error) {
  busy_ = false;
  fail(Fault::Credentials, error);
}

void Reflector::fail(Fault fault, const std::string& detail, std::optional<Seconds> retry_after) {
  Millis wait = back_off_.next();
  if (retry_after) wait += std::min(*retry_after, kMostRetryAfter);
  due_ = settings_.now() + wait;
  listener_.on_fault(scope_, fault, detail);
}

void Reflector::succeed() {
  events_seen_ = true;
  failed_watches_ = 0;
  if (next_ == Doing::Watch) back_off_.reset();
}

}  // namespace sallyport::kube
