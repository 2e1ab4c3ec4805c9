#include "control/admin/http_connection.h"

#include <cstring>

#include "dataplane/base/check.h"

namespace sallyport {

namespace {

// A client that pipelines requests gets this many answers before others get their turn.
constexpr int kAnswersPerTurn = 8;

}  // namespace

HttpConnection::HttpConnection(Loop& loop, int descriptor, const Pages& pages,
                               HttpConnectionOwner& owner)
    : loop_(loop),
      pages_(pages),
      owner_(owner),
      socket_(loop, *this, descriptor),
      deadline_(loop.deadlines(), *this) {
  deadline_.arm(loop.now() + kRequestTimeout);
}

void HttpConnection::turn() {
  if (deadline_.expired()) return on_deadline();
  for (int answers = 0; answers < kAnswersPerTurn;) {
    Step step = Step::Wait;
    switch (phase_) {
      case Phase::Request: step = read_request(); break;
      case Phase::Response:
        step = write_response();
        ++answers;
        break;
      case Phase::Linger: step = linger(); break;
    }
    if (step != Step::Over) return;
  }
  loop_.post(*this);
}

HttpConnection::Step HttpConnection::read_request() {
  for (;;) {
    HttpParse parse = parse_http_request({received_.data(), received_size_});
    if (parse.kind == HttpParse::Kind::Request) {
      answer(parse.request);
      received_size_ -= parse.size;
      std::memmove(received_.data(), received_.data() + parse.size, received_size_);
      return Step::Over;
    }
    if (parse.kind == HttpParse::Kind::Refused) {
      respond(http_error(parse.status, parse.message), false, true);
      return Step::Over;
    }
    DCHECK(received_size_ < received_.size());  // a full buffer is a request or refused
    auto* free = reinterpret_cast<uint8_t*>(received_.data() + received_size_);
    IoResult r = socket_.read({free, received_.size() - received_size_});
    if (r.kind == Io::Blocked) return Step::Wait;
    if (r.kind != Io::Ok) return gone();
    received_size_ += r.bytes;
    if (idle_) {
      idle_ = false;
      deadline_.arm(loop_.now() + kRequestTimeout);
    }
  }
}

void HttpConnection::answer(const HttpRequest& request) {
  HttpResponse response = pages_.answer(request);
  // Content is not read, so it must not be taken for the next request.
  respond(response, request.keep_alive && !request.has_body, request.method != "HEAD");
}

void HttpConnection::respond(const HttpResponse& response, bool keep_alive, bool with_body) {
  response_ = http_text(response, keep_alive, with_body);
  sent_ = 0;
  close_after_ = !keep_alive;
  phase_ = Phase::Response;
  deadline_.arm(loop_.now() + kResponseTimeout);
}

HttpConnection::Step HttpConnection::write_response() {
  while (sent_ < response_.size()) {
    IoResult r = socket_.write(as_bytes(std::string_view(response_).substr(sent_)));
    if (r.kind == Io::Blocked) return Step::Wait;
    if (r.kind != Io::Ok) return gone();
    sent_ += r.bytes;
  }
  response_ = {};
  next_request();
  return Step::Over;
}

void HttpConnection::next_request() {
  if (close_after_) {
    // What the client still sends must be read: closing on unread bytes makes the kernel reset
    // the connection, and the answer might be lost with it (RFC 9112 section 9.6).
    socket_.shutdown_write();
    phase_ = Phase::Linger;
    deadline_.arm(loop_.now() + kLingerTimeout);
    return;
  }
  phase_ = Phase::Request;
  idle_ = received_size_ == 0;
  deadline_.arm(loop_.now() + (idle_ ? kIdleTimeout : kRequestTimeout));
}

HttpConnection::Step HttpConnection::linger() {
  auto* everything = reinterpret_cast<uint8_t*>(received_.data());
  for (;;) {
    IoResult r = socket_.read({everything, received_.size()});
    if (r.kind == Io::Blocked) return Step::Wait;
    if (r.kind != Io::Ok) return gone();
  }
}

HttpConnection::Step HttpConnection::gone() {
  close();
  return Step::Gone;
}

void HttpConnection::close() {
  deadline_.disarm();
  socket_.close();
  owner_.done(*this);
}

void HttpConnection::on_deadline() {
  if (phase_ != Phase::Request || received_size_ == 0) {
    close();
    return;
  }
  respond(http_error(408, "the request's head took too long"), false, true);
  turn();
}

}  // namespace sallyport
