#include "tests/sim/h2_client.h"

#include <algorithm>
#include <array>

#include "dataplane/base/check.h"

namespace sallyport::sim {

namespace {

bool has_no_body(const HttpRequest& r) {
  bool not_read = r.attempt == 0 && (r.status == 400 || r.status == 408 || r.status == 431);
  return (r.method == "HEAD" && !not_read) || r.status == 204 || r.status == 304;
}

}  // namespace

H2Client::H2Client(Network& network, HttpLedger& ledger, const H2Habits& habits,
                   const ClientPlan& plan, size_t number, MakeChannel make_channel)
    : H2Peer(network, ledger, habits, std::move(make_channel), Role::Client),
      polite_(plan.polite) {
  most_open_ = static_cast<size_t>(random_.magnitude(1, 60));
  if (polite_ && most_open_ > plan.streams_most) habits_.waits_for_consent = true;
  slow_ = random_.coin();
  leaving_ = static_cast<Leaving>(random_.below(polite_ ? 2 : 5));
  for (size_t i = random_.size_between(1, plan.requests_most); i > 0; --i) {
    draw_request(plan, number);
  }
}

void H2Client::call(const Address& from, const Address& to, Micros delay) {
  network_.after(delay, [this, from, to] {
    begin(network_.call(from, to, *this));
    if (!polite_ && random_.below(5) == 0) after(some_time(5'000'000), [this] { cut(); });
    ask_more();
  });
}

// What it asks for

HttpRequest& H2Client::draw_request(const ClientPlan& plan, size_t number) {
  struct Row {
    const char* name;
    bool idempotent;
    bool has_body;
  };
  constexpr std::array<Row, 9> kMethods{{{"GET", true, false}, {"GET", true, false},
                                         {"HEAD", true, false}, {"OPTIONS", true, false},
                                         {"DELETE", true, false}, {"POST", false, true},
                                         {"PUT", true, true}, {"PATCH", false, true},
                                         {"PURGE", false, false}}};
  HttpRequest& r = ledger_.requests.emplace_back();
  requests_.push_back(&r);
  r.id = ledger_.requests.size();
  r.client = number;
  r.http2 = true;
  const Row& method = kMethods[random_.below(plan.safe_only ? 5 : kMethods.size())];
  r.method = method.name;
  r.idempotent = method.idempotent;
  r.host = plan.host;
  std::string id = std::to_string(r.id);
  std::string query = random_.coin() ? "?q=" + id + "&x=%2e%2e/" : "";
  bool dots = random_.below(4) == 0;
  r.target = (dots ? "/a/../r/" : "/r/") + id + query;
  r.path = "/r/" + id + query;
  if (method.has_body) {
    r.body.framing = static_cast<HttpBody::Framing>(random_.below(3));
    if (r.body.framing != HttpBody::Framing::None) {
      r.body.length = random_.magnitude(1, plan.body_most);
    }
  }
  r.trailers = random_.below(4) == 0;
  return r;
}

void H2Client::ask_more() {
  if (done() || asks_later_ || (habits_.waits_for_consent && !knows_settings())) return;
  while (asked_ < requests_.size() && streams_.size() < most_open_ && !told_last_) {
    ask(*requests_[asked_++]);
    if (!slow_) continue;
    asks_later_ = true;
    return after(some_time(1'000'000), [this] {
      asks_later_ = false;
      ask_more();
    });
  }
  look_at_end();
}

H2Peer::Fields H2Client::head_of(const HttpRequest& r) {
  // As everywhere in a simulation that has TLS or not: what the listener speaks.
  Fields head{{":method", r.method}, {":scheme", random_.coin() ? "https" : "http"},
              {":authority", r.host}, {":path", r.target}, {"x-id", std::to_string(r.id)}};
  if (r.trailers) head.emplace_back("te", "trailers");
  if (r.body.framing == HttpBody::Framing::Length) {
    head.emplace_back("content-length", std::to_string(r.body.length));
  }
  if (random_.below(4) == 0) {
    head.emplace_back("x-forwarded-for", "1.2.3.4");
    head.emplace_back("proxy", "evil");
  }
  if (random_.below(6) == 0) head.emplace_back("priority", random_.coin() ? "u=0" : "u=5, i");
  return head;
}

void H2Client::ask(HttpRequest& r) {
  H2Fields fields(head_of(r));
  bool body = r.body.framing != HttpBody::Framing::None;
  nghttp2_data_provider source = provider();
  int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                      body ? &source : nullptr, nullptr);
  if (id < 0) {
    // After the proxy's GOAWAY.
    ++closed_;
    return;
  }
  Stream& stream = streams_[id];
  stream.request = &r;
  r.begun = true;
  if (!polite_ && random_.below(4) == 0) draw_taking_back(stream);
  if (stream.takes_back == TakesBack::Soon) {
    after(some_time(500'000), [this, id] { take_back(id); });
  }
  if (body) {
    Saying saying{r.id, r.body.length};
    saying.sent = &r.body_sent;
    saying.trailers = random_.below(4) == 0;
    if (stream.takes_back == TakesBack::AmidBody) {
      saying.stops_at = random_.below(r.body.length);
      saying.when_stopped = [this, id] { take_back(id); };
    }
    start(id, std::move(saying));
  } else if (stream.takes_back == TakesBack::AmidBody) {
    stream.takes_back = TakesBack::Never;
  }
  wake();
}

void H2Client::draw_taking_back(Stream& stream) {
  stream.takes_back = static_cast<TakesBack>(random_.between(1, 4));
  stream.takes_back_at = random_.magnitude(1, 100'000);
}

void H2Client::take_back(int32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.request->taken_back = true;
  constexpr std::array<uint32_t, 4> kCodes{NGHTTP2_CANCEL, NGHTTP2_CANCEL, NGHTTP2_NO_ERROR,
                                           NGHTTP2_INTERNAL_ERROR};
  reset(id, kCodes[random_.below(kCodes.size())]);
}

void H2Client::on_said_end(int32_t id) {
  auto found = streams_.find(id);
  if (found != streams_.end()) found->second.request->sent_whole = true;
}

void H2Client::on_said_reset(int32_t id, uint32_t code) {
  auto found = streams_.find(id);
  if (found == streams_.end() || found->second.request->taken_back) return;
  complain("a response that is at fault, request " + std::to_string(found->second.request->id) +
           ": " + nghttp2_http2_strerror(code));
}

// What it gets

void H2Client::complain(const std::string& what) { ledger_.problem("h2 client: " + what); }

void H2Client::on_block(int32_t id, const Block& block, bool) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return complain("a head on no stream");
  if (!block.find(":status")) return;  // trailers
  for (const char* name : {"connection", "keep-alive", "transfer-encoding", "upgrade", "x-hop"}) {
    if (block.find(name)) complain(std::string("a field of another hop: ") + name);
  }
  int status = static_cast<int>(block.number(":status"));
  if (status < 100 || status == 101) complain("status " + std::to_string(status));
  if (status >= 200) return take_status(id, block);
  if (block.find("content-length")) complain("an interim response with a body");
}

void H2Client::take_status(int32_t id, const Block& block) {
  Stream& stream = streams_[id];
  HttpRequest& r = *stream.request;
  if (r.status != 0) complain("a second response to request " + std::to_string(r.id));
  r.status = static_cast<int>(block.number(":status"));
  r.attempt = block.number("x-attempt");
  if (stream.takes_back == TakesBack::AtHead) take_back(id);
  if (r.attempt == 0) return take_own(block, r);
  const HttpAttempt* attempt = ledger_.attempt(r.attempt);
  if (!attempt || attempt->request != r.id || block.number("x-response-to") != r.id) {
    r.attempt = 0;
    return complain("the response to another request than " + std::to_string(r.id));
  }
  if (attempt->status != r.status) complain("another status than the backend's");
  const std::string* length = block.find("content-length");
  if (length && block.number("content-length") != attempt->body.length) {
    complain("content-length " + *length + " of " + std::to_string(attempt->body.length));
  }
}

void H2Client::take_own(const Block& block, const HttpRequest& r) {
  if (!block.find("x-request-id")) complain("an answer without an id");
  constexpr std::array kAllowed{408, 413, 431, 502, 503, 504};
  if (std::find(kAllowed.begin(), kAllowed.end(), r.status) == kAllowed.end()) {
    complain("the proxy answers " + std::to_string(r.status));
  }
}

void H2Client::on_body(int32_t id, Bytes bytes) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return complain("a body on no stream");
  HttpRequest& r = *found->second.request;
  const HttpAttempt* attempt = ledger_.attempt(r.attempt);
  if (!attempt) {
    r.received += bytes.size();
  } else if (!continues(attempt->stream, r.received, bytes)) {
    complain("wrong bytes in a body, request " + std::to_string(r.id));
  }
  if (attempt && r.received > attempt->body_sent) complain("more of a body than was sent");
  if (found->second.takes_back == TakesBack::AmidResponse &&
      r.received >= found->second.takes_back_at) {
    take_back(id);
  }
}

// Nothing that ends so may be less than it was.
void H2Client::on_stream_end(int32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  HttpRequest& r = *found->second.request;
  found->second.response_ended = true;
  r.answered = true;
  if (r.status == 0) complain("an end without a response, request " + std::to_string(r.id));
  const HttpAttempt* attempt = ledger_.attempt(r.attempt);
  if (attempt && !has_no_body(r) && r.received != attempt->body.length) {
    complain("a body of " + std::to_string(attempt->body.length) + " ended at " +
             std::to_string(r.received));
  }
  if (has_no_body(r) && r.received > 0) complain("a body where none can be");
}

void H2Client::on_stream_close(int32_t id, uint32_t error) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  HttpRequest& r = *found->second.request;
  if (!r.answered && !r.taken_back) {
    r.lost_by = error == NGHTTP2_NO_ERROR ? "NO_ERROR" : nghttp2_http2_strerror(error);
    if (error == NGHTTP2_REFUSED_STREAM) r.refused = true;
  }
  streams_.erase(found);
  ++closed_;
  wake();
  after(Micros(0), [this] { ask_more(); });
}

void H2Client::on_goaway(const nghttp2_goaway& goaway) {
  if (goaway.error_code != NGHTTP2_NO_ERROR && polite_) {
    complain(std::string("the proxy gives up: ") + nghttp2_http2_strerror(goaway.error_code));
  }
  told_last_ = true;
  after(Micros(0), [this] { look_at_end(); });
}

void H2Client::on_released(int32_t id) {
  auto found = streams_.find(id);
  if (found != streams_.end() && released_) released_(*found->second.request);
}

void H2Client::look_at_end() {
  bool all_asked = asked_ == requests_.size() || told_last_;
  if (leaving_ == Leaving::EndsEarly && all_asked) return finish_when_written();
  if (!all_asked || !streams_.empty()) return;
  if (leaving_ == Leaving::SaysGoodbye) nghttp2_session_terminate_session(session_, 0);
  if (leaving_ == Leaving::Ends) finish_when_written();
  if (leaving_ == Leaving::Cuts) return cut();
  wake();
}

void H2Client::on_end() {
  for (auto& [id, stream] : streams_) {
    if (!stream.request->answered) stream.request->lost_by = "the connection's end";
  }
  leave();
}

}  // namespace sallyport::sim
