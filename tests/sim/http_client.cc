#include "tests/sim/http_client.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "dataplane/base/check.h"

namespace sallyport::sim {

namespace {

struct MethodRow {
  const char* name;
  bool idempotent;
  bool has_body;
};
constexpr std::array<MethodRow, 9> kMethods{{{"GET", true, false},
                                             {"GET", true, false},
                                             {"HEAD", true, false},
                                             {"OPTIONS", true, false},
                                             {"DELETE", true, false},
                                             {"POST", false, true},
                                             {"PUT", true, true},
                                             {"PATCH", false, true},
                                             {"PURGE", false, false}}};
constexpr size_t kSafeMethods = 5;  // the first

/// Whatever the fields say. To a head that the proxy does not take, be it one of HEAD, it answers
/// as to any other, and ends the connection.
bool has_no_body(const HttpRequest& r) {
  bool not_read = r.attempt == 0 && (r.status == 400 || r.status == 408 || r.status == 431);
  return (r.method == "HEAD" && !not_read) || r.status == 204 || r.status == 304;
}

}  // namespace

HttpClient::HttpClient(Network& network, HttpLedger& ledger, const Habits& habits,
                       const ClientPlan& plan, size_t number, MakeChannel make_channel)
    : HttpPeer(network, ledger, habits, std::move(make_channel)), polite_(plan.polite) {
  draw(plan, number);
}

void HttpClient::call(const Address& from, const Address& to, Micros delay) {
  network_.after(delay, [this, from, to] { begin(network_.call(from, to, *this)); });
}

// What it asks for

void HttpClient::draw(const ClientPlan& plan, size_t number) {
  depth_ = plan.pipelines && random_.coin() ? random_.size_between(2, 6) : 1;
  bool slow_between = random_.coin();
  size_t count = random_.size_between(1, plan.requests_most);
  for (size_t i = 0; i < count; ++i) {
    HttpRequest& request = draw_request(plan, number, i + 1 == count);
    if (slow_between) pause(Micros(static_cast<int64_t>(random_.magnitude(1, 3'000'000))));
    // A change of protocols is asked for when nothing else is under way.
    size_t depth = request.upgrade ? 1 : depth_;
    wait_until([this, depth] { return begun_ - answered_ < depth; });
    say_request(request);
    if (request.nonsense != HttpRequest::Nonsense::None) break;
  }
  say_ending(plan.polite);
  if (!plan.polite && random_.below(5) == 0) {
    aborts_ = true;
    cut_somewhere();
  }
}

HttpRequest& HttpClient::draw_request(const ClientPlan& plan, size_t number, bool last) {
  HttpRequest& r = ledger_.requests.emplace_back();
  r.alone = depth_ == 1;
  requests_.push_back(&r);
  r.id = ledger_.requests.size();
  r.client = number;
  const MethodRow& method = kMethods[random_.below(plan.safe_only ? kSafeMethods
                                                                  : kMethods.size())];
  r.method = method.name;
  r.idempotent = method.idempotent;
  r.host = plan.host;
  std::string id = std::to_string(r.id);
  std::string query = random_.coin() ? "?q=" + id + "&x=%2e%2e/" : "";
  constexpr std::array<std::array<const char*, 2>, 4> kPaths{
      {{"/r/", "/r/"}, {"/a/../r/", "/r/"}, {"/r/%7e", "/r/~"}, {"/r/./%2e/a%2Fb/", "/r/a%2Fb/"}}};
  const auto& path = kPaths[random_.below(kPaths.size())];
  r.target = path[0] + id + query;
  r.path = path[1] + id + query;
  if (random_.below(6) == 0) r.target = "http://" + plan.host + r.target;
  // What does not keep the connection is asked for last: the rest would be for nothing.
  if (last) {
    r.close = random_.below(3) == 0;
    r.minor = random_.below(5) == 0 ? 0 : 1;
    r.keep_alive = r.minor == 0 && !r.close && random_.coin();
    r.upgrade = plan.upgrades && !method.has_body && !r.close && r.minor == 1 &&
                random_.below(3) == 0;
  }
  if (method.has_body) {
    r.body.framing = static_cast<HttpBody::Framing>(random_.below(r.minor == 0 ? 2 : 3));
    if (r.body.framing != HttpBody::Framing::None) {
      r.body.length = random_.magnitude(r.body.framing == HttpBody::Framing::Length ? 1 : 0,
                                        plan.body_most);
    }
    r.expects_continue = r.minor == 1 && r.body.length > 0 && random_.below(4) == 0;
  }
  r.trailers = r.minor == 1 && random_.below(4) == 0;
  if (r.upgrade) {
    r.trailers = false;
    r.tunnel.stream = random_.next() | 1u;
    r.tunnel.length = random_.magnitude(0, plan.body_most);
  }
  if (!plan.polite && last && random_.below(6) == 0) draw_nonsense(r);
  return r;
}

void HttpClient::draw_nonsense(HttpRequest& r) {
  r.upgrade = r.expects_continue = false;
  r.nonsense = HttpRequest::Nonsense::Head;
  if (r.body.framing == HttpBody::Framing::Chunked && random_.coin()) {
    r.nonsense = HttpRequest::Nonsense::Chunk;
  }
}

std::string HttpClient::head_of(const HttpRequest& r) {
  std::string head = r.method + " " + r.target + " HTTP/1." + std::to_string(r.minor) + "\r\n";
  head += (random_.coin() ? "Host: " : "hOsT:") + r.host + (random_.coin() ? "" : " \t") + "\r\n";
  head += "X-Id: " + std::to_string(r.id) + "\r\n";
  std::string connection;
  auto name = [&](const char* option) {
    connection += (connection.empty() ? "" : random_.coin() ? ", " : ",") + std::string(option);
  };
  if (random_.below(4) == 0) {
    head += "X-Hop: for the proxy alone\r\n";
    name("x-hop");
  }
  if (r.close) name("close");
  if (r.keep_alive) name("Keep-Alive");
  if (r.trailers) {
    head += "TE: trailers\r\n";
    name("TE");
  }
  if (r.upgrade) {
    head += "Upgrade: sim\r\n";
    name("Upgrade");
  }
  if (!connection.empty()) head += "Connection: " + connection + "\r\n";
  if (r.body.framing == HttpBody::Framing::Length) {
    head += "Content-Length: " + std::to_string(r.body.length) + "\r\n";
  } else if (r.body.framing == HttpBody::Framing::Chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (r.method == "POST") {
    head += "Content-Length: 0\r\n";
  }
  if (r.expects_continue) head += "Expect: 100-continue\r\n";
  if (random_.below(4) == 0) head += "X-Forwarded-For: 1.2.3.4\r\nProxy: evil\r\n";
  constexpr std::array kFaults{"Bad Name: x\r\n", "X: a\rb\r\n", "X: a\n", " folded\r\n",
                               "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
                               "Host: other.example.com\r\n"};
  if (r.nonsense == HttpRequest::Nonsense::Head) head += kFaults[random_.below(kFaults.size())];
  return head + "\r\n";
}

void HttpClient::say_request(HttpRequest& r) {
  then([this, &r] {
    r.begun = true;
    ++begun_;
  });
  std::string empty_line = random_.below(8) == 0 ? "\r\n" : "";
  say(empty_line + head_of(r));
  if (r.expects_continue) await_continue(r);
  if (r.body.length > 0 && random_.below(4) == 0) pause(Seconds(2));
  if (r.nonsense == HttpRequest::Nonsense::Chunk) {
    // Not to its end: that would be whole.
    HttpBody more{r.body.framing, r.body.length + 1};
    say_body(r.id, more, 0, random_.below(more.length), r.body_sent);
    say("x\r\n");
    return;
  }
  std::string trailers = random_.coin() ? "X-Sum: 1\r\n" : "";
  say_body(r.id, r.body, 0, r.body.length, r.body_sent, trailers);
  then([&r] { r.sent_whole = true; });
}

// RFC 9110 section 10.1.1: not for ever.
void HttpClient::await_continue(HttpRequest& r) {
  auto waited = std::make_shared<bool>(false);
  auto seen = std::make_shared<uint64_t>(0);
  Micros longest(static_cast<int64_t>(random_.magnitude(1, 5'000'000)));
  then([this, waited, seen, longest] {
    *seen = interims_;
    network_.after(longest, [this, waited] {
      *waited = true;
      on_wake();
    });
  });
  wait_until([this, &r, waited, seen] { return *waited || interims_ > *seen || r.status != 0; });
}

void HttpClient::say_ending(bool polite) {
  // A tunnel's part is said when there is one.
  if (requests_.back()->upgrade) return;
  switch (random_.below(polite ? 2 : 3)) {
    case 0:  // at once: whoever asks may end his side, and is answered all the same
      say_end();
      return;
    case 1:
      wait_until([this] { return answered_ == begun_; });
      say_end();
      return;
    default: return;  // waits for the proxy to end it
  }
}

// What it gets

void HttpClient::complain(const std::string& what) {
  HttpRequest* r = current();
  ledger_.problem("client: " + what + (r ? "; request " + std::to_string(r->id) + " " + r->method +
                                               " " + r->target
                                         : "; no request"));
}

void HttpClient::on_nonsense(const std::string& what) {
  complain("got nonsense: " + what);
  cut();
}

HttpBody HttpClient::on_head(const HttpText& head) {
  int status = std::atoi(head.second.c_str());
  if (head.first != "HTTP/1.1" || head.second.size() != 3 || status < 100) {
    complain("a status line of " + head.first + " " + head.second);
  }
  if (told_last_) complain("a response behind the last one");
  HttpRequest* request = current();
  if (!request) {
    complain("a response that nobody asked for, " + head.second);
    cut();
    return {};
  }
  if (status < 200 && status != 101) return take_interim(head, status);
  take_status(head, *request, status);
  return framing_of(head, *request, status);
}

HttpBody HttpClient::take_interim(const HttpText& head, int status) {
  ++interims_;
  in_interim_ = true;
  if (requests_[answered_]->minor == 0) complain("an interim response to HTTP/1.0");
  if (head.find("content-length") || head.find("transfer-encoding")) {
    complain("an interim response with a body, " + std::to_string(status));
  }
  return {};
}

void HttpClient::take_status(const HttpText& head, HttpRequest& r, int status) {
  r.status = status;
  r.attempt = head.number("x-attempt");
  const std::string* connection = head.find("connection");
  r.said_close = connection && *connection == "close";
  if (r.attempt == 0) return take_own(head, r);
  const HttpAttempt* attempt = ledger_.attempt(r.attempt);
  if (!attempt || attempt->request != r.id || head.number("x-response-to") != r.id) {
    complain("the response to request " + std::to_string(head.number("x-response-to")));
    cut();
  } else if (attempt->status != status) {
    complain("status " + std::to_string(status) + " of " + std::to_string(attempt->status));
  }
  if (head.find("x-hop") || head.find("keep-alive")) complain("a field of the other hop");
}

void HttpClient::take_own(const HttpText& head, const HttpRequest& r) {
  if (!head.find("x-request-id")) complain("an answer without an id, " + head.second);
  constexpr std::array kAllowed{400, 404, 408, 413, 431, 502, 503, 504};
  if (std::find(kAllowed.begin(), kAllowed.end(), r.status) == kAllowed.end()) {
    complain("the proxy answers " + head.second);
  }
  bool nonsense = r.nonsense != HttpRequest::Nonsense::None;
  if (r.status == 400 && !nonsense) complain("400 to a good request");
  if (r.nonsense == HttpRequest::Nonsense::Head && r.status != 400 && r.status != 408 &&
      r.status != 431) {
    complain("a head that is none was answered " + head.second);
  }
}

HttpBody HttpClient::framing_of(const HttpText& head, HttpRequest& r, int status) {
  using Framing = HttpBody::Framing;
  HttpBody body = HttpBody::of(head);
  bool none = has_no_body(r);
  if (status == 101) {
    if (!r.upgrade) complain("101 without a wish for it");
    in_tunnel_ = true;
    say_tunnel(r.tunnel, random_.coin(), !polite_ && random_.below(6) == 0);
    return {Framing::Tunnel};
  }
  const HttpAttempt* attempt = ledger_.attempt(r.attempt);
  const std::string* length = head.find("content-length");
  if (attempt && length && head.number("content-length") != attempt->body.length) {
    complain("Content-Length " + *length + " of " + std::to_string(attempt->body.length));
  }
  if (none) return {};
  if (body.framing == Framing::Chunked && r.minor == 0) complain("chunks to HTTP/1.0");
  bool framed = body.framing != Framing::None || length;
  return framed ? body : HttpBody{Framing::UntilClose};
}

void HttpClient::on_body(Bytes bytes) {
  HttpRequest& r = *requests_[answered_];
  HttpAttempt* attempt = ledger_.attempt(r.attempt);
  if (in_tunnel_) return check_tunnel(r.tunnel, attempt->tunnel, bytes);
  if (!attempt) {
    r.received += bytes.size();
    return;
  }
  for (uint8_t byte : bytes) {
    if (byte == Pattern::at(attempt->stream, r.received++)) continue;
    complain("wrong bytes in a body, at " + std::to_string(r.received - 1));
    return cut();
  }
  if (r.received > attempt->body_sent) complain("more of a body than was sent");
}

void HttpClient::on_message_end() {
  if (std::exchange(in_interim_, false)) return;
  if (done()) return;
  HttpRequest& r = *requests_[answered_];
  r.answered = true;
  if (const HttpAttempt* attempt = ledger_.attempt(r.attempt)) {
    if (!has_no_body(r) && r.received != attempt->body.length) {
      complain("a body of " + std::to_string(attempt->body.length) + " ended at " +
               std::to_string(r.received));
    }
  }
  told_last_ = r.said_close || ended_ == Account::End::Clean ||
               (r.minor == 0 && !r.keep_alive);
  ++answered_;
  if (told_last_) return say_no_more();  // the proxy ends it
  if (r.upgrade) say_end();
}

void HttpClient::on_end(Account::End end) {
  if (in_tunnel_) {
    TunnelSide& side = requests_[answered_]->tunnel;
    side.ended = end;
    if (end == Account::End::Clean && !nothing_to_say()) return;
    return leave();
  }
  if (end == Account::End::Clean) {
    reader_.feed_end();
    if (!reader_.between_messages()) complain("a clean end within a message");
  }
  leave();
}

}  // namespace sallyport::sim
