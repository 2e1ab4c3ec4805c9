#include "control/kube/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "control/version.h"
#include "dataplane/base/check.h"

namespace sallyport::kube {

namespace {

using Clock = std::chrono::steady_clock;

constexpr long kConnectSeconds = 10;
// A peer whose machine is gone answers no probe: found after 15 + 3 × 5 s.
constexpr long kProbeAfterSeconds = 15, kProbeEverySeconds = 5;
constexpr long kBufferBytes = 64 * 1024;
constexpr size_t kMostAnswer = 4 * 1024 * 1024;

struct Slist {
  curl_slist* list = nullptr;
  ~Slist() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
};

// libcurl's own set-up, once for the process and never undone.
void initialise_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(done == CURLE_OK);
}

TransferEnd end_of(CURLcode code, const std::string& error) {
  switch (code) {
    // In TLS 1.3 a server that does not take our certificate says so when we have begun to read:
    // "tlsv1 alert unknown ca", "sslv3 alert certificate expired".
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return error.find(" alert ") == std::string::npos ? TransferEnd::Broken
                                                        : TransferEnd::Untrusted;
    case CURLE_OK: return TransferEnd::Complete;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return TransferEnd::Unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR: return TransferEnd::Untrusted;
    case CURLE_OPERATION_TIMEDOUT: return TransferEnd::Silent;
    case CURLE_WRITE_ERROR: return TransferEnd::Enough;
    default: return TransferEnd::Broken;
  }
}

// "https://10.0.0.1:6443" → "10.0.0.1:6443"
std::string authority_of(const std::string& server) {
  std::string rest = server.substr(std::string_view("https://").size());
  return rest.substr(0, rest.find('/'));
}

void set_blob(CURL* easy, CURLoption option, const std::string& text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
  curl_easy_setopt(easy, option, text.empty() ? nullptr : &blob);
}

bool starts_with_word(std::string_view line, std::string_view word) {
  return line.size() >= word.size() &&
         std::equal(word.begin(), word.end(), line.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
         });
}

}  // namespace

class HttpClient::Transfer {
 public:
  Transfer(const HttpRequest& request, const Identity& who, TransferHandler& handler)
      : handler_(handler), last_(Clock::now()), easy_(curl_easy_init()) {
    CHECK(easy_ != nullptr);
    set_target(request, who);
    set_security(who);
    set_body(request);
    set_callbacks();
  }
  ~Transfer() { curl_easy_cleanup(easy_); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() { return easy_; }
  TransferHandler& handler() { return handler_; }
  std::string error(CURLcode code) const { return *error_ ? error_ : curl_easy_strerror(code); }
  Clock::time_point silent_at() const { return last_ + handler_.silence(); }

 private:
  void set_target(const HttpRequest& request, const Identity& who) {
    std::string url = who.server;
    if (!who.tls_server_name.empty()) {
      // The name goes where libcurl takes it from to verify; the connection goes where it did.
      std::string authority = authority_of(who.server);
      size_t colon = authority.rfind(':');
      bool port = colon != std::string::npos && authority.find(']', colon) == std::string::npos;
      std::string path = who.server.substr(std::string_view("https://").size() + authority.size());
      std::string port_text = port ? authority.substr(colon) : ":443";
      std::string host = port ? authority.substr(0, colon) : authority;
      url = "https://" + who.tls_server_name + port_text + path;
      connect_to_.add(who.tls_server_name + port_text + ":" + host + port_text);
      curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, connect_to_.list);
    }
    curl_easy_setopt(easy_, CURLOPT_URL, (url + request.target).c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE, kProbeAfterSeconds);
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPINTVL, kProbeEverySeconds);
    curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, kBufferBytes);
    curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy_, CURLOPT_USERAGENT, (std::string("sallyport/") + kVersion).c_str());
    headers_.add("Accept: application/json");
    if (!who.token.empty()) headers_.add("Authorization: Bearer " + who.token);
  }

  void set_security(const Identity& who) {
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy_, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    if (!who.ca.empty()) {
      set_blob(easy_, CURLOPT_CAINFO_BLOB, who.ca);
      curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
    }
    if (!who.client_crt.empty()) {
      curl_easy_setopt(easy_, CURLOPT_SSLCERTTYPE, "PEM");
      curl_easy_setopt(easy_, CURLOPT_SSLKEYTYPE, "PEM");
      set_blob(easy_, CURLOPT_SSLCERT_BLOB, who.client_crt);
      set_blob(easy_, CURLOPT_SSLKEY_BLOB, who.client_key);
    }
  }

  void set_body(const HttpRequest& request) {
    if (request.method != "GET") {
      curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    if (!request.body.empty()) {
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
      curl_easy_setopt(easy_, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
      headers_.add("Content-Type: " + request.content_type);
      headers_.add("Expect:");  // bodies are small: no round trip to ask
    }
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_.list);
  }

  void set_callbacks() {
    curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION,
                     +[](char* data, size_t, size_t size, void* self) {
                       static_cast<Transfer*>(self)->take_header({data, size});
                       return size;
                     });
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION,
                     +[](char* data, size_t, size_t size, void* self) -> size_t {
                       auto* transfer = static_cast<Transfer*>(self);
                       transfer->last_ = Clock::now();
                       return transfer->handler_.on_body({data, size}) ? size : 0;
                     });
  }

  void take_header(std::string_view line) {
    last_ = Clock::now();
    if (line.starts_with("HTTP/")) {
      head_ = {};
      size_t space = line.find(' ');
      if (space != std::string_view::npos) {
        head_.status = std::atoi(std::string(line.substr(space + 1, 3)).c_str());
      }
    } else if (starts_with_word(line, "retry-after:")) {
      int seconds = std::atoi(std::string(line.substr(12)).c_str());
      // A date instead of a number reads as 0: then the back-off alone decides.
      if (seconds > 0) head_.retry_after = Seconds(seconds);
    } else if (line == "\r\n" && head_.status >= 200) {
      handler_.on_head(head_);
    }
  }

  TransferHandler& handler_;
  Clock::time_point last_;
  HttpHead head_;
  Slist headers_, connect_to_;
  char error_[CURL_ERROR_SIZE] = {};
  CURL* easy_;
};

HttpClient::HttpClient() {
  initialise_curl();
  multi_ = curl_multi_init();
  CHECK(multi_ != nullptr);
}

HttpClient::~HttpClient() {
  for (auto& [handler, transfer] : transfers_) {
    curl_multi_remove_handle(multi_, transfer->easy());
  }
  transfers_.clear();
  curl_multi_cleanup(multi_);
}

void HttpClient::begin(const HttpRequest& request, const Identity& who,
                       TransferHandler& handler) {
  auto transfer = std::make_unique<Transfer>(request, who, handler);
  CHECK(curl_multi_add_handle(multi_, transfer->easy()) == CURLM_OK);
  CHECK(transfers_.emplace(&handler, std::move(transfer)).second);
}

void HttpClient::cancel(TransferHandler& handler) {
  auto found = transfers_.find(&handler);
  if (found == transfers_.end()) return;
  curl_multi_remove_handle(multi_, found->second->easy());
  transfers_.erase(found);
}

void HttpClient::run(Millis most) {
  for (const auto& [handler, transfer] : transfers_) {
    auto left = std::chrono::ceil<Millis>(transfer->silent_at() - Clock::now());
    most = std::clamp(left, Millis(0), most);
  }
  int running = 0;
  curl_multi_perform(multi_, &running);
  take_ended();
  curl_multi_poll(multi_, nullptr, 0, static_cast<int>(most.count()), nullptr);
  curl_multi_perform(multi_, &running);
  take_ended();
  end_silent();
}

void HttpClient::wake() { curl_multi_wakeup(multi_); }

void HttpClient::take_ended() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURLcode code = message->data.result;
    void* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    auto* transfer = static_cast<Transfer*>(self);
    TransferHandler& handler = transfer->handler();
    std::string error = code == CURLE_OK ? "" : transfer->error(code);
    cancel(handler);
    handler.on_end(end_of(code, error), error);
  }
}

void HttpClient::end_silent() {
  std::vector<TransferHandler*> silent;
  for (const auto& [handler, transfer] : transfers_) {
    if (Clock::now() >= transfer->silent_at()) silent.push_back(handler);
  }
  for (TransferHandler* handler : silent) {
    cancel(*handler);
    handler->on_end(TransferEnd::Silent, "nothing came for too long");
  }
}

namespace {

class Collector : public TransferHandler {
 public:
  explicit Collector(Millis deadline) : deadline_(deadline) {}
  void on_head(const HttpHead& head) override { answer.head = head; }
  bool on_body(std::string_view piece) override {
    if (answer.body.size() + piece.size() > kMostAnswer) return false;
    answer.body += piece;
    return true;
  }
  void on_end(TransferEnd end, const std::string& error) override {
    answer.end = end;
    answer.error = error;
    done = true;
  }
  Millis silence() const override { return deadline_; }
  HttpAnswer answer;
  bool done = false;

 private:
  Millis deadline_;
};

}  // namespace

HttpAnswer BlockingClient::exchange(const HttpRequest& request, const Identity& who,
                                    Millis deadline) {
  Collector collector(deadline);
  auto end = Clock::now() + deadline;
  client_.begin(request, who, collector);
  while (!collector.done && !stop_ && Clock::now() < end) client_.run(Millis(200));
  if (!collector.done) {
    client_.cancel(collector);
    collector.answer.end = TransferEnd::Silent;
    collector.answer.error = stop_ ? "stopped" : "no answer in time";
  }
  return std::move(collector.answer);
}

std::string url_escape(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace sallyport::kube
