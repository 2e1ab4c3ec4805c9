// One kind of objects, kept as it is in the cluster: listed, then watched.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "control/kube/back_off.h"
#include "control/kube/http_client.h"
#include "control/kube/line_splitter.h"
#include "control/kube/objects.h"
#include "control/kube/watch_event.h"

namespace sallyport::kube {

/// Which objects a reflector keeps.
struct WatchScope {
  Kind kind = Kind::Ingress;
  std::string space;           // a namespace; empty: all of them
  std::string field_selector;  // as the API takes it
  /// A refusal (403, 404) counts as an answer: what cannot be had is not waited for.
  bool optional = false;

  std::string text() const;  // "secrets of shop (metadata.name=web)"
  auto operator<=>(const WatchScope&) const = default;
};

/// What went wrong, as metrics and log lines call it.
enum class Fault : uint8_t {
  Unauthorized, Forbidden, NotFound, Expired, Throttled, ServerError, Unexpected,
  Unreachable, Untrusted, Reset, Silent, Malformed, TooLarge, Credentials,
};
constexpr size_t kFaults = 14;
const char* name(Fault);

/// Who hears of it. Called on the reflector's thread.
class ReflectorListener {
 public:
  virtual ~ReflectorListener() = default;
  virtual void on_changes(ObjectChanges changes) = 0;
  /// How many are known, when it is another number.
  virtual void on_count(const WatchScope& scope, size_t before, size_t after) = 0;
  /// An object that took `before` bytes will take `after`; 0: it is not there. False: that is too
  /// much of all together, and it counts as 0.
  virtual bool on_size(size_t before, size_t after) = 0;
  /// For the first time all of it is known, or it is refused and optional.
  virtual void on_settled(const WatchScope& scope) = 0;
  virtual void on_relist(const WatchScope& scope) = 0;
  virtual void on_fault(const WatchScope& scope, Fault fault, const std::string& detail) = 0;
  /// The server has answered as it should: a list came to its end, or a watch has begun.
  virtual void on_success(const WatchScope& scope) = 0;
};

struct ReflectorSettings {
  uint32_t page_size = 500;
  Millis watch_timeout{300'000};            // asked of the server: that, or up to a quarter less
  Millis watch_margin{10'000};              // after which a silent watch is given up
  Millis silence{30'000};                   // of everything else
  Millis first_wait{250}, most_wait{30'000};  // between failures
  size_t object_size = 4 * 1024 * 1024;     // of one event; etcd's own limit is 1.5 MiB
  size_t page_bytes = 256 * 1024 * 1024;    // of one page, decompressed
  std::chrono::steady_clock::time_point (*now)() = std::chrono::steady_clock::now;
};

/// Decides what to ask next and understands the answers; somebody else carries them. Sans-I/O:
///
///     due()  →  a request, when it is time for one and none is under way
///     on_head, on_body, on_end  ←  what came of it
///
/// Changes are told as differences to what was told before, also after a list: what is gone since
/// is a removal. Where the server offers it, the list itself is a watch that begins with what
/// there is; else it comes in pages. Thread: one.
class Reflector final : public TransferHandler {
 public:
  using Clock = std::chrono::steady_clock;

  Reflector(WatchScope scope, ReflectorSettings settings, ReflectorListener& listener,
            uint64_t seed);

  /// The next request. REQUIRES: it is begun, or failed() says why not.
  std::optional<HttpRequest> due();
  /// When due() has something next, if no request is under way.
  std::optional<Clock::time_point> due_at() const;

  void on_head(const HttpHead& head) override;
  bool on_body(std::string_view piece) override;
  void on_end(TransferEnd end, const std::string& error) override;
  Millis silence() const override;
  /// Tells that everything known is gone: nobody watches it any more.
  void drop();
  /// There were no credentials to ask with.
  void failed(const std::string& error);

  const WatchScope& scope() const { return scope_; }
  bool settled() const { return settled_; }
  /// Since the last call: the server has refused our credentials, or we the server.
  bool take_refused() { return std::exchange(refused_, false); }
  size_t objects() const { return objects_.size(); }

 private:
  enum class Doing : uint8_t { List, StreamedList, Watch };

  std::string list_target() const;
  std::string watch_target();
  std::string path() const;

  bool take_line(std::string_view line);
  bool take_error(const ApiStatus& status);
  bool keep(std::string_view piece, size_t most);
  void take_page();
  void take_stop(Fault fault);
  void take_break(TransferEnd end, const std::string& error);
  void take_end_of_watch();
  void take_refusal();
  void give_up_streaming();

  void put(simdjson::dom::element json, const ObjectName& name);
  void leave_out(const ObjectName& name);
  void remove(const ObjectName& name);
  void note_known();
  void end_list(std::string version);
  void tell();
  void settle();
  void begin_anew();
  void fail(Fault fault, const std::string& detail, std::optional<Seconds> retry_after = {});
  void succeed();

  WatchScope scope_;
  ReflectorSettings settings_;
  ReflectorListener& listener_;
  BackOff back_off_;
  std::mt19937_64 random_;

  Doing next_ = Doing::StreamedList;
  bool streaming_ = true;        // the server may offer streaming lists
  bool busy_ = false;
  Clock::time_point due_{};
  uint32_t page_size_;

  // Of the exchange under way:
  Clock::time_point begun_{};
  HttpHead head_;
  std::string body_;
  LineSplitter lines_;
  simdjson::dom::parser parser_;
  std::optional<Fault> stopped_by_;  // why on_body() wanted no more
  std::string stopped_detail_;
  bool events_seen_ = false;

  std::map<ObjectName, ObjectPtr> objects_;
  std::set<ObjectName> unseen_;  // known before this list, and not in it so far
  ObjectChanges changes_;        // to be told
  size_t counted_ = 0;           // as told last
  std::string version_;          // of the list or the last event; empty: nothing is known
  std::string page_token_;
  uint32_t failed_watches_ = 0;  // one after the other, by what the server said
  uint32_t expired_pages_ = 0;   // one after the other
  bool settled_ = false;
  bool listed_ = false;          // once at least
  bool refused_ = false;
  bool left_out_ = false;        // something, for want of room, since the last list began
};

}  // namespace sallyport::kube
