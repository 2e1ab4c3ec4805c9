// What an exchange answers by itself, instead of a backend.
#include "dataplane/session/exchange.h"

#include "dataplane/base/check.h"
#include "dataplane/session/error_page.h"
#include "dataplane/session/exchange_pool.h"
#include "dataplane/session/grpc.h"
#include "dataplane/session/location.h"

namespace sallyport {

Exchange::Next Exchange::answer(uint16_t status, RequestEnd end, std::string_view detail) {
  if (response_begun_) return over(Outcome::Cut, end, detail);
  stop_waiting();
  release_backend(false);
  client_->in.settle();
  // What is left of the request's body is not waited for.
  request_read_ = understood_ && client_->in.body_ended();
  close_after_ = close_after_ || !request_read_ || client_->last || context_.draining ||
                 !request_.keep_alive;
  record_.status = status_of_page(status);
  record_.end = end;
  record_.detail = detail;
  response_begun_ = true;
  phase_ = Phase::Finish;
  latest_ = Instant::max();  // it may be over already
  wait("answering", limits().response_idle_timeout);
  return write_answer(status) == Step::Failed ? client_lost() : Next::On;
}

// A call that failed is told so in gRPC's own words: a response without messages.
Step Exchange::write_grpc_answer(uint16_t code) {
  record_.status = 200;
  H1Writer out = client_->out.head_writer();
  out.status_line(200, reason_phrase(200));
  out.put("Content-Type: application/grpc\r\n");
  out.field("Grpc-Status", grpc_status(code));
  out.field("Grpc-Message", reason_phrase(status_of_page(code)));
  out.field("Date", context_.date.text(context_.loop.wall_now()));
  out.field("X-Request-ID", record_.request_id);
  out.put("\r\n");
  client_->out.put_head(out.written(), BodyKind::None, false);
  return client_->out.send_body({}, true, nullptr);
}

Step Exchange::write_answer(uint16_t code) {
  if (client_->version == 2 && understood_ && code >= 400 && is_grpc(request_.fields)) {
    return write_grpc_answer(code);
  }
  MutableBytes page{context_.scratch.plain, kErrorPageMost};
  PageType type = understood_ ? page_type(request_.fields) : PageType::Text;
  bool redirect = code < 400;
  size_t size = redirect ? 0 : write_error_page(page, type, code, record_.request_id);
  H1Writer out = client_->out.head_writer();
  out.status_line(record_.status, reason_phrase(record_.status));
  std::string_view hsts = additions().hsts;
  if (!hsts.empty()) out.field("Strict-Transport-Security", hsts);
  if (redirect) {
    out.put("Location: ");
    write_location(out, {decision_, *site_, route_, error_page_, request_, host_name_, path_});
    out.put("\r\n");
  } else {
    out.field("Content-Type", content_type(type));
    out.put("Vary: Accept\r\nCache-Control: no-store\r\n");
    if (code == 405) out.put("Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n");
  }
  out.field("Date", context_.date.text(context_.loop.wall_now()));
  out.field("Content-Length", size);
  out.field("X-Request-ID", record_.request_id);
  if (close_after_) {
    out.put("Connection: close\r\n");
  } else if (request_.minor == 0) {
    out.put("Connection: keep-alive\r\n");
  }
  out.put("\r\n");
  DCHECK(!out.overflown());
  client_->out.put_head(out.written(), BodyKind::Length, close_after_);
  bool no_body = client_->asks_for_head || (understood_ && request_.method == Method::Head);
  if (no_body) size = 0;
  record_.response_body_bytes = size;
  return client_->out.send_body(page.first(size), true, nullptr);
}

ResponseAdditions Exchange::additions() const {
  ResponseAdditions additions;
  additions.treatment = treatment_;
  additions.tls = client_->facts.site != nullptr;
  // RFC 6797 section 7.2: never in the clear.
  if (site_ && additions.tls) additions.hsts = site_->hsts;
  if (new_cookie_) additions.cookie = own_cookie();
  return additions;
}

}  // namespace sallyport
