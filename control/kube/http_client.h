// HTTPS to the API server by libcurl: the one file that sees it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "control/kube/credentials.h"
#include "dataplane/base/clock.h"

namespace sallyport::kube {

struct HttpRequest {
  std::string method = "GET";
  std::string target = {};  // path and query
  std::string body = {}, content_type = {};
};

struct HttpHead {
  int status = 0;
  std::optional<Seconds> retry_after;
};

enum class TransferEnd : uint8_t {
  Complete,     // to its end, as its framing says
  Unreachable,  // there was no connection
  Untrusted,    // the server is not who it should be, or has refused our certificate
  Broken,       // reset, or an end in the middle
  Silent,       // nothing came for too long
  Enough,       // the handler wanted no more
};

/// Called from HttpClient::run(). Only on_end() may call begin() and cancel().
class TransferHandler {
 public:
  virtual ~TransferHandler() = default;
  virtual void on_head(const HttpHead& head) = 0;
  /// A piece of the body, decompressed. Says whether to go on.
  virtual bool on_body(std::string_view piece) = 0;
  /// Last, and once for each begin() that was not cancelled. May begin anew.
  virtual void on_end(TransferEnd end, const std::string& error) = 0;
  /// For how long nothing may come, before it ends as Silent. Asked again and again.
  virtual Millis silence() const = 0;
};

/// Any number of transfers on one thread. Certificates are always verified, redirects and proxies
/// never followed, responses may be compressed. Connections are kept and used again.
/// Thread: one, but for wake().
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// At most one at a time for a handler. REQUIRES: the handler lives until on_end() or cancel().
  void begin(const HttpRequest& request, const Identity& who, TransferHandler& handler);
  /// Nothing more is heard of it. Nothing happens if there is none.
  void cancel(TransferHandler& handler);

  /// Waits until something happens, but at most so long, and calls the handlers.
  void run(Millis most);
  /// Makes run() return. Any thread.
  void wake();

  class Transfer;

 private:
  void end_silent();
  void take_ended();

  void* multi_;
  std::map<TransferHandler*, std::unique_ptr<Transfer>> transfers_;
};

struct HttpAnswer {
  TransferEnd end = TransferEnd::Complete;
  HttpHead head;
  std::string body;   // at most 4 MiB, or the end is Enough
  std::string error;

  bool ok() const { return end == TransferEnd::Complete && head.status / 100 == 2; }
};

/// One exchange after the other on one connection, each waited for. Not thread-safe.
class BlockingClient {
 public:
  /// Gives up what it waits for within a second when `stop` becomes true.
  explicit BlockingClient(const std::atomic<bool>& stop) : stop_(stop) {}
  HttpAnswer exchange(const HttpRequest& request, const Identity& who, Millis deadline);

 private:
  HttpClient client_;
  const std::atomic<bool>& stop_;
};

/// "a/b=c" as one value of a query.
std::string url_escape(std::string_view text);

}  // namespace sallyport::kube
