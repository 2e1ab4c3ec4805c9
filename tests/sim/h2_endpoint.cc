#include "tests/sim/h2_endpoint.h"

#include <array>

#include "dataplane/base/check.h"

namespace sallyport::sim {

using Framing = HttpBody::Framing;

namespace {

bool is_bodiless(const HttpAttempt& a, const HttpRequest& r) {
  return r.method == "HEAD" || a.status == 204 || a.status == 304;
}

bool a_head_is_all(const HttpAttempt& a, const HttpRequest& r) {
  return is_bodiless(a, r) || a.body.length == 0;
}

}  // namespace

H2EndpointPeer::H2EndpointPeer(Network& network, HttpLedger& ledger, const H2Habits& habits,
                               const BackendPlan& plan, uint64_t number, MakeChannel make_channel)
    : H2Peer(network, ledger, habits, std::move(make_channel), Role::Server),
      plan_(plan),
      number_(number) {
  if (plan.closes_without_a_word && random_.coin()) {
    // An end without a GOAWAY is not polite: nobody knows what it came too late for.
    ending_ = static_cast<Ending>(random_.below(plan.polite ? 3 : 5));
  } else if (random_.below(3) == 0) {
    ending_ = random_.coin() ? Ending::SaysGoodbye : Ending::SaysGoodbyeLate;
  }
  serves_ = random_.magnitude(1, 30);
}

void H2EndpointPeer::accept(End& end) {
  begin(end);
  end.set_observer(*this);
}

void H2EndpointPeer::complain(const std::string& what) {
  ledger_.problem("h2 backend: " + what + "; connection " + std::to_string(number_));
}

// What comes

void H2EndpointPeer::on_block(int32_t id, const Block& block, bool) {
  if (!block.find(":method")) return;  // trailers
  last_id_ = id;
  HttpRequest* request = ledger_.request(block.number("x-id"));
  if (!request) return complain("a request of nobody");
  HttpAttempt& attempt = ledger_.attempts.emplace_back();
  attempt.number = ledger_.attempts.size();
  attempt.request = request->id;
  attempt.connection = number_;
  attempt.first = served_++ == 0;
  attempt.sent = sent_;
  check_request(block, *request);
  draw_response(attempt);
  Stream& stream = streams_[id];
  stream.attempt = &attempt;
  stream.conduct = draw_conduct(*request);
  // Such a response would be whole before the request, and has nothing that it could stop amid.
  bool early_or_amid = (plan_.polite && is_early(stream.conduct)) || is_amid(stream.conduct);
  if (a_head_is_all(attempt, *request) && early_or_amid) stream.conduct = Conduct::Answer;
  // Nobody can do anything about a backend that refuses whatever it gets.
  if (attempt.first && plan_.polite && stream.conduct == Conduct::Refuse) {
    stream.conduct = Conduct::Answer;
  }
  if (id > goodbye_) {
    // Before nghttp2 would have passed over it.
    attempt.refused = true;
    stream.conduct = Conduct::Silence;
  }
  if (ended_idle_) {
    // On its way while the end was.
    stream.conduct = Conduct::Silence;
    attempt.status = 0;
  }
  bool early = is_early(stream.conduct) || stream.conduct == Conduct::Refuse ||
               (!plan_.polite && is_amid(stream.conduct) && random_.coin());
  if (early) answer(id);
  look_at_end();
}

void H2EndpointPeer::check_request(const Block& block, const HttpRequest& r) {
  auto expect = [&](bool right, const std::string& what) {
    if (!right) complain(what + ", request " + std::to_string(r.id));
  };
  expect(r.begun, "a request that was not sent");
  expect(r.nonsense != HttpRequest::Nonsense::Head, "a head that is none was passed on");
  expect(block.value(":method") == r.method, "another method");
  expect(block.value(":path") == r.path, "another path");
  expect(block.value(":authority") == r.host, "another authority");
  for (const char* name : {"x-hop", "proxy", "connection", "keep-alive", "transfer-encoding",
                           "upgrade"}) {
    expect(!block.find(name), std::string("a field of another hop, ") + name);
  }
  expect(block.value("te") == (r.trailers ? "trailers" : ""), "another TE");
  expect(block.value("x-forwarded-proto") == (plan_.behind_tls ? "https" : "http"),
         "another protocol");
  expect(block.value("x-forwarded-for") == ledger_.client_ips[r.client], "another client");
  expect(block.value("x-request-id").size() == 32, "no request id");
  if (r.body.framing == Framing::Length) {
    expect(block.number("content-length") == r.body.length, "another length");
  } else {
    expect(block.number("content-length") == 0, "a length that nobody has said");
  }
}

void H2EndpointPeer::on_body(int32_t id, Bytes bytes) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  HttpAttempt& a = *found->second.attempt;
  const HttpRequest& r = *ledger_.request(a.request);
  if (!continues(r.id, a.request_body, bytes)) {
    return complain("wrong bytes in a body, request " + std::to_string(r.id));
  }
  if (a.request_body > r.body_sent) complain("more of a body than was sent");
}

void H2EndpointPeer::on_stream_end(int32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  HttpAttempt& a = *found->second.attempt;
  const HttpRequest& r = *ledger_.request(a.request);
  a.request_whole = true;
  if (a.request_body != r.body.length) {
    complain("the body of request " + std::to_string(r.id) + " ended early");
  }
  if (r.nonsense == HttpRequest::Nonsense::Chunk) complain("a broken body was passed on as whole");
  answer(id);
  if (found->second.conduct == Conduct::Early) say_on(id);
}

void H2EndpointPeer::on_stream_close(int32_t id, uint32_t) {
  streams_.erase(id);
  after(Micros(0), [this] { look_at_end(); });
}

void H2EndpointPeer::on_said_end(int32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.attempt->sent_whole = true;
  if (found->second.conduct == Conduct::EarlyThenResets) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
  }
}

// What is said

H2EndpointPeer::Conduct H2EndpointPeer::draw_conduct(const HttpRequest& r) {
  bool body = r.body.length > 0;
  if (plan_.polite) {
    if (plan_.closes_without_a_word && random_.below(8) == 0) return Conduct::Refuse;
    // The proxy ends a connection of HTTP/1.1 after such a response, and what is behind it is lost.
    bool early = body && (r.http2 || r.alone) && random_.below(3) == 0;
    return early ? Conduct::Early : Conduct::Answer;
  }
  if (random_.coin()) return Conduct::Answer;
  auto conduct = static_cast<Conduct>(random_.below(static_cast<uint64_t>(Conduct::EndAmid) + 1));
  if (is_early(conduct) && !body) return Conduct::Answer;
  // A connection has many streams: it is cut less often than one of them.
  bool all = conduct == Conduct::CutAmid || conduct == Conduct::EndAmid;
  return all && random_.below(4) > 0 ? Conduct::Answer : conduct;
}

void H2EndpointPeer::draw_response(HttpAttempt& a) {
  a.stream = random_.next() | 1u;
  constexpr std::array kStatuses{200, 200, 200, 200, 204, 304, 404, 503};
  a.status = kStatuses[random_.below(kStatuses.size())];
  a.body.framing = random_.coin() ? Framing::Length : Framing::UntilClose;
  a.body.length = random_.magnitude(0, plan_.body_most);
  if (a.status == 204) a.body = {};
  if (a.status == 304) a.body.framing = random_.coin() ? Framing::Length : Framing::None;
  if (a.body.framing == Framing::None) a.body.length = 0;
}

void H2EndpointPeer::answer(int32_t id) {
  Stream& stream = streams_[id];
  if (std::exchange(stream.answered, true) || stream.conduct == Conduct::Silence) return;
  if (random_.coin()) return respond(id);
  after(some_time(2'000'000), [this, id] {
    if (streams_.contains(id)) respond(id);
  });
}

void H2EndpointPeer::interims(int32_t id, HttpAttempt& a) {
  do {
    a.interim = true;
    H2Fields fields(Fields{{":status", "103"}, {"link", "</x>"}});
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, fields.data(), fields.size(),
                           nullptr);
  } while (random_.coin());
}

void H2EndpointPeer::respond(int32_t id) {
  constexpr std::array<uint32_t, 5> kCodes{NGHTTP2_INTERNAL_ERROR, NGHTTP2_CANCEL,
                                           NGHTTP2_PROTOCOL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM,
                                           NGHTTP2_NO_ERROR};
  Stream& stream = streams_[id];
  HttpAttempt& a = *stream.attempt;
  const HttpRequest& r = *ledger_.request(a.request);
  if (stream.conduct == Conduct::Refuse) {
    a.refused = true;
    return reset(id, NGHTTP2_REFUSED_STREAM);
  }
  if (stream.conduct == Conduct::ResetBefore) {
    return reset(id, kCodes[random_.below(kCodes.size())]);
  }
  if (random_.below(6) == 0) interims(id, a);
  a.begun = true;
  bool bodiless = is_bodiless(a, r);
  Fields head{{":status", std::to_string(a.status)},
              {"x-response-to", std::to_string(r.id)},
              {"x-attempt", std::to_string(a.number)}};
  if (a.body.framing == Framing::Length) {
    head.emplace_back("content-length", std::to_string(a.body.length));
  }
  bool amid = is_amid(stream.conduct);
  bool body = !bodiless && (a.body.length > 0 || random_.coin());
  H2Fields fields(head);
  nghttp2_data_provider source = provider();
  nghttp2_submit_response(session_, id, fields.data(), fields.size(),
                          body || amid ? &source : nullptr);
  Saying saying{a.stream, bodiless ? 0 : a.body.length};
  saying.sent = &a.body_sent;
  saying.trailers = random_.below(4) == 0;
  if (amid) {
    saying.stops_at = saying.length > 0 ? random_.below(saying.length) : 0;
    saying.when_stopped = [this, id] { stop_amid(id); };
  } else if (stream.conduct == Conduct::Early && !a.request_whole) {
    saying.stops_at = saying.length / 2;
  }
  if (body || amid) start(id, std::move(saying));
  wake();
}

void H2EndpointPeer::stop_amid(int32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  switch (found->second.conduct) {
    case Conduct::CutAmid: return cut();
    case Conduct::EndAmid: return finish_when_written();
    case Conduct::RefuseAmid: return reset(id, NGHTTP2_REFUSED_STREAM);
    default: return reset(id, random_.coin() ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_CANCEL);
  }
}

void H2EndpointPeer::say_goodbye(int32_t last) {
  goodbye_ = last;
  ++ledger_.refusals;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  for (auto& [id, stream] : streams_) {
    if (id > last) stream.attempt->refused = true;
  }
  wake();
}

void H2EndpointPeer::look_at_end() {
  if (done() || served_ < serves_ || ending_now_) return;
  switch (ending_) {
    case Ending::Stays: return;
    case Ending::SaysGoodbye:
      ending_now_ = true;
      return say_goodbye(last_id_);
    case Ending::SaysGoodbyeLate:
      ending_now_ = true;
      nghttp2_submit_shutdown_notice(session_);
      ++ledger_.refusals;
      wake();
      return after(some_time(3'000'000), [this] { say_goodbye(last_id_); });
    case Ending::EndsIdle:
    case Ending::CutsIdle:
      if (!streams_.empty()) return;
      ending_now_ = true;
      return after(random_.coin() ? Micros(0) : some_time(2'000'000), [this] { end_idle(); });
  }
}

void H2EndpointPeer::end_idle() {
  ending_now_ = streams_.empty();
  if (!ending_now_) return;  // the next time
  ended_idle_ = true;
  ending_ == Ending::CutsIdle ? cut() : finish_when_written();
  wake();
}

H2Endpoint::H2Endpoint(Network& network, HttpLedger& ledger, const Address& at,
                       const BackendPlan& plan, H2Peer::MakeChannel make_channel,
                       uint64_t& connections) {
  network.listen(at, [this, &network, &ledger, plan, &connections,
                      make_channel = std::move(make_channel)](End& end) {
    H2Habits habits = H2Habits::draw(network.random(), network.faults(), plan.polite);
    peers_.push_back(std::make_unique<H2EndpointPeer>(network, ledger, habits, plan, ++connections,
                                                      make_channel));
    peers_.back()->accept(end);
  });
}

}  // namespace sallyport::sim
