#include "tests/sim/http_backend.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"

namespace sallyport::sim {

using Framing = HttpBody::Framing;

HttpBackendPeer::HttpBackendPeer(Network& network, HttpLedger& ledger, const Habits& habits,
                                 const BackendPlan& plan, uint64_t number,
                                 MakeChannel make_channel)
    : HttpPeer(network, ledger, habits, std::move(make_channel)), plan_(plan), number_(number) {
  constexpr std::array kEndings{Ending::AtOnce, Ending::Later, Ending::OnNextBytes,
                                Ending::OnNextRequest};
  ending_ = random_.coin() ? Ending::Stays : Ending::Announced;
  if (plan.closes_without_a_word && random_.below(4) > 0) {
    ending_ = kEndings[random_.below(kEndings.size())];
  }
  serves_ = random_.between(1, 4);
}

void HttpBackendPeer::accept(End& end) {
  begin(end);
  end.set_observer(*this);
}

void HttpBackendPeer::complain(const std::string& what) {
  ledger_.problem("backend: " + what + "; connection " + std::to_string(number_) +
                  (attempt_ ? ", request " + std::to_string(attempt_->request) : ""));
}

void HttpBackendPeer::on_nonsense(const std::string& what) {
  complain("got nonsense: " + what);
  cut();
}

// What comes

HttpBody HttpBackendPeer::on_head(const HttpText& head) {
  if (announced_) complain("a request behind the last response");
  if (!closing_ && attempt_ && !(attempt_->sent_whole && nothing_to_say())) {
    complain("a request before the response to the last one was sent");
  }
  HttpRequest* request = ledger_.request(head.number("x-id"));
  if (!request) {
    complain("a request of nobody");
    cut();
    return {};
  }
  HttpAttempt& attempt = ledger_.attempts.emplace_back();
  attempt.number = ledger_.attempts.size();
  attempt.request = request->id;
  attempt.connection = number_;
  attempt.first = served_ == 0;
  attempt.sent = sent_;
  attempt_ = &attempt;
  check_request(head, *request);
  if (closing_) return HttpBody::of(head);
  if (served_ == serves_ && ending_ == Ending::OnNextRequest) {
    // Read, and not answered: just what cannot be told from a connection that was closed before.
    closing_ = true;
    random_.coin() ? say_finish(attempt) : say_cut();
    return HttpBody::of(head);
  }
  ++served_;
  draw_response(attempt, *request);
  Conduct conduct = draw_conduct(*request);
  say_response(attempt, *request, conduct);
  if (attempt.status != 101 || !attempt.switched) return HttpBody::of(head);
  // What comes now is the tunnel's.
  attempt.request_whole = in_tunnel_ = true;
  return {Framing::Tunnel};
}

void HttpBackendPeer::check_request(const HttpText& head, const HttpRequest& r) {
  auto expect = [&](bool right, const char* what) {
    if (!right) complain(what);
  };
  auto value = [&](const char* name) {
    const std::string* found = head.find(name);
    return found ? *found : std::string();
  };
  expect(r.begun, "a request that was not sent");
  expect(r.nonsense != HttpRequest::Nonsense::Head, "a head that is none was passed on");
  expect(head.first == r.method, "another method");
  expect(head.second == r.path, "another path");
  expect(head.third == "HTTP/1.1", "another version");
  expect(value("host") == r.host, "another host");
  expect(!head.find("x-hop") && !head.find("proxy"), "a field that was for the proxy alone");
  std::string connection = value("connection");
  expect(connection == (r.upgrade ? "upgrade" : r.trailers ? "TE" : ""), "another Connection");
  expect(value("upgrade") == (r.upgrade ? "sim" : ""), "another Upgrade");
  expect(value("x-forwarded-proto") == (plan_.behind_tls ? "https" : "http"), "another protocol");
  expect(value("x-forwarded-for") == ledger_.client_ips[r.client], "another client");
  expect(value("x-real-ip") == ledger_.client_ips[r.client], "another client's address");
  expect(value("x-request-id").size() == 32, "no request id");
  HttpBody body = HttpBody::of(head);
  expect(body.framing == r.body.framing, "another framing of the body");
  expect(body.framing != Framing::Length || body.length == r.body.length, "another length");
}

void HttpBackendPeer::on_body(Bytes bytes) {
  HttpRequest& r = *ledger_.request(attempt_->request);
  if (in_tunnel_) return check_tunnel(attempt_->tunnel, r.tunnel, bytes);
  for (uint8_t byte : bytes) {
    if (byte == Pattern::at(r.id, attempt_->request_body++)) continue;
    complain("wrong bytes in a body");
    return cut();
  }
  if (attempt_->request_body > r.body_sent) complain("more of a body than was sent");
}

void HttpBackendPeer::on_message_end() {
  if (done()) return;
  const HttpRequest& r = *ledger_.request(attempt_->request);
  attempt_->request_whole = true;
  if (attempt_->request_body != r.body.length) complain("a body ended early");
  if (r.nonsense == HttpRequest::Nonsense::Chunk) complain("a broken body was passed on as whole");
}

bool HttpBackendPeer::on_bytes() {
  if (!cuts_on_bytes_ || !attempt_->sent_whole) return true;
  cut();
  return false;
}

void HttpBackendPeer::on_end(Account::End end) {
  if (in_tunnel_) {
    attempt_->tunnel.ended = end;
    if (end == Account::End::Clean && !nothing_to_say()) return;
    return leave();
  }
  // Within a chunked body a clean end says that the body is not whole; nobody is misled.
  leave();
}

// What is said

HttpBackendPeer::Conduct HttpBackendPeer::draw_conduct(const HttpRequest& r) {
  bool body = r.body.length > 0;
  if (plan_.polite) {
    // The proxy ends the connection after such a response, and what is behind it is lost.
    return body && r.alone && random_.below(6) == 0 ? Conduct::Early : Conduct::Answer;
  }
  constexpr std::array kEarly{Conduct::Early, Conduct::EarlyThenReads, Conduct::EarlyThenEnds};
  if (body && random_.below(3) == 0) return kEarly[random_.below(kEarly.size())];
  if (random_.coin()) return Conduct::Answer;
  auto conduct = static_cast<Conduct>(random_.below(static_cast<uint64_t>(Conduct::Switch) + 1));
  if (is_early(conduct) && !body) return Conduct::Answer;
  if (conduct == Conduct::Switch && r.upgrade) return Conduct::Answer;
  return conduct;
}

void HttpBackendPeer::draw_response(HttpAttempt& a, const HttpRequest& r) {
  a.stream = random_.next() | 1u;
  if (r.upgrade && random_.below(4) > 0) {
    a.status = 101;
    a.tunnel.stream = a.stream;
    a.tunnel.length = random_.magnitude(0, plan_.body_most);
    return;
  }
  constexpr std::array kStatuses{200, 200, 200, 200, 204, 304, 404, 503};
  a.status = kStatuses[random_.below(kStatuses.size())];
  a.body.framing = static_cast<Framing>(random_.between(1, 3));
  a.body.length = random_.magnitude(0, plan_.body_most);
  if (a.status == 204) a.body = {};
  // What is said about a length here is not about bytes that follow.
  if (a.status == 304) a.body.framing = random_.coin() ? Framing::Length : Framing::None;
  if (a.body.framing == Framing::None) a.body.length = 0;
}

std::string HttpBackendPeer::head_of(const HttpAttempt& a, const HttpRequest& r) {
  int minor = a.body.framing != Framing::Chunked && random_.below(8) == 0 ? 0 : 1;
  bool last = a.body.framing == Framing::UntilClose || minor == 0 ||
              (ending_ == Ending::Announced && served_ == serves_);
  std::string head = "HTTP/1." + std::to_string(minor) + " " + std::to_string(a.status) +
                     (random_.coin() ? " As asked" : " ") + "\r\n";
  head += "X-Response-To: " + std::to_string(r.id) + "\r\n";
  head += "x-attempt:\t" + std::to_string(a.number) + "\r\n";
  if (a.body.framing == Framing::Length) {
    head += "Content-Length: " + std::to_string(a.body.length) + "\r\n";
  } else if (a.body.framing == Framing::Chunked) {
    head += "Transfer-Encoding: Chunked\r\n";
  }
  std::string connection = last && (minor == 1 || random_.coin()) ? "close" : "";
  if (random_.below(4) == 0) {
    head += "X-Hop: for the proxy alone\r\nKeep-Alive: timeout=5\r\n";
    connection += connection.empty() ? "x-hop" : ", x-hop";
  }
  if (!connection.empty()) head += "Connection: " + connection + "\r\n";
  announced_ = last;
  if (last) serves_ = served_;
  if (last && ending_ != Ending::AtOnce) ending_ = Ending::Announced;
  return head + "\r\n";
}

void HttpBackendPeer::say_response(HttpAttempt& a, const HttpRequest& r, Conduct conduct) {
  bool bodiless = r.method == "HEAD" || a.status == 204 || a.status == 304;
  bool early = is_early(conduct);
  bool ends_with_head = bodiless || (a.body.framing == Framing::Length && a.body.length == 0);
  // Such a response leaves no time to read the rest of the request.
  if (ends_with_head && plan_.polite) early = false;
  // Who does not want the body does not ask for it.
  bool asks = r.expects_continue && (plan_.polite || !early || random_.coin());
  if (asks || random_.below(6) == 0) say_interims(a, asks);
  if (!early) wait_until([&a] { return a.request_whole; });
  if (random_.coin()) pause(Micros(static_cast<int64_t>(random_.magnitude(1, 2'000'000))));
  switch (conduct) {
    case Conduct::CutBefore: return say_cut();
    case Conduct::EndBefore: return say_finish(a);
    case Conduct::Silence: return;
    default: break;
  }
  then([&a] { a.begun = true; });
  if (conduct == Conduct::Nonsense) return say_nonsense();
  if (conduct == Conduct::Switch) {
    return say("HTTP/1.1 101 Why Not\r\nConnection: upgrade\r\nUpgrade: sim\r\n\r\n");
  }
  if (a.status == 101) return say_switch(a);
  std::string head = head_of(a, r);
  bool amid = conduct == Conduct::CutAmid || conduct == Conduct::EndAmid;
  if (amid) {
    if (ends_with_head) head.resize(std::max<size_t>(1, random_.below(head.size())));
    return say_amid(a, head, conduct == Conduct::CutAmid);
  }
  if (plan_.talks_on && random_.coin()) return say_too_much(a, head, bodiless);
  say(head);
  if (!bodiless) {
    // What was not waited for at first is there by the end, or the request would be broken off.
    uint64_t first = conduct == Conduct::Early ? a.body.length / 2 : 0;
    say_body(a.stream, {a.body.framing, a.body.length + 1}, 0, first, a.body_sent);
    if (conduct == Conduct::Early && !ends_with_head) {
      wait_until([&a] { return a.request_whole; });
    }
    say_body(a.stream, a.body, first, a.body.length, a.body_sent,
             random_.below(4) == 0 ? "X-Sum: 2\r\n" : "");
  }
  then([&a] { a.sent_whole = true; });
  if (conduct == Conduct::EarlyThenEnds) {
    // Closing on what was not read is a reset.
    if (random_.coin()) return then([this] { leave(); });
    return say_finish(a);
  }
  say_ending(a);
}

void HttpBackendPeer::say_interims(HttpAttempt& a, bool asks) {
  if (random_.coin()) pause(Micros(static_cast<int64_t>(random_.magnitude(1, 1'000'000))));
  then([&a] { a.interim = true; });
  if (asks) say("HTTP/1.1 100 Continue\r\n\r\n");
  while (random_.below(3) == 0) say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
}

void HttpBackendPeer::say_nonsense() {
  constexpr std::array kNonsense{"HTTP/1.1 2000 Much\r\n\r\n", "HTTP/1.1 200 OK\n\n",
                                 "SSH-2.0-x\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};
  say(kNonsense[random_.below(kNonsense.size())]);
}

void HttpBackendPeer::say_switch(HttpAttempt& a) {
  a.switched = true;
  say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: sim\r\nX-Response-To: " +
      std::to_string(a.request) + "\r\nX-Attempt: " + std::to_string(a.number) + "\r\n\r\n");
  then([&a] { a.sent_whole = true; });
  say_tunnel(a.tunnel, false, !plan_.polite && random_.below(6) == 0);
}

void HttpBackendPeer::say_amid(HttpAttempt& a, const std::string& head, bool cuts) {
  closing_ = true;
  say(head);
  // Ended cleanly, such a body would be whole.
  if (a.body.framing == Framing::UntilClose) cuts = true;
  if (a.body.length > 0) {
    HttpBody endless{a.body.framing, a.body.length + 1};
    say_body(a.stream, endless, 0, random_.below(a.body.length), a.body_sent);
  }
  cuts ? say_cut() : say_finish(a);
}

// In one piece with the response, so that no proxy can take it for a later one's.
void HttpBackendPeer::say_too_much(HttpAttempt& a, const std::string& head, bool bodiless) {
  constexpr std::array kMore{"x", "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
  bool until_close = a.body.framing == Framing::UntilClose && !bodiless;
  then([&a, until_close] {
    a.body_sent = a.body.length;
    a.talks_on = !until_close;
  });
  say(head + (bodiless ? "" : body_text(a.stream, a.body)) +
      (until_close ? "" : kMore[random_.below(kMore.size())]));
  then([&a] { a.sent_whole = true; });
  say_ending(a);
}

void HttpBackendPeer::say_ending(HttpAttempt& a) {
  if (served_ < serves_) return;
  switch (ending_) {
    case Ending::Stays:
    case Ending::OnNextRequest: return;
    case Ending::OnNextBytes:
      cuts_on_bytes_ = true;
      return;
    case Ending::Later: pause(Micros(static_cast<int64_t>(random_.magnitude(1, 5'000'000)))); break;
    case Ending::Announced:
    case Ending::AtOnce: break;
  }
  // What comes before the end is said, and was not to come, or is too late, is not answered.
  closing_ = true;
  say_finish(a);
}

void HttpBackendPeer::say_finish(HttpAttempt& a) {
  closing_ = true;
  say_end();
  then([&a] { a.finished = true; });
}

HttpBackend::HttpBackend(Network& network, HttpLedger& ledger, const Address& at,
                         const BackendPlan& plan, HttpPeer::MakeChannel make_channel,
                         uint64_t& connections) {
  network.listen(at, [this, &network, &ledger, plan, &connections,
                      make_channel = std::move(make_channel)](End& end) {
    Habits habits = Habits::draw(network.random(), network.faults(), plan.polite);
    habits.whole_writes = plan.talks_on;
    if (plan.talks_on) habits.pause = 0;
    peers_.push_back(std::make_unique<HttpBackendPeer>(network, ledger, habits, plan,
                                                       ++connections, make_channel));
    peers_.back()->accept(end);
  });
}

}  // namespace sallyport::sim
