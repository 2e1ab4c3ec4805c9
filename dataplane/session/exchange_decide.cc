// What an exchange learns from the request: which host, path and route, and who may.
#include "dataplane/session/exchange.h"

#include <algorithm>

#include "dataplane/route/path_rewrite.h"
#include "dataplane/session/grpc.h"
#include "dataplane/wire/uri_path.h"

namespace sallyport {

Exchange::Next Exchange::decide_it() {
  H1Fault fault = parse_request_head(request_bytes_.rest(), limits().header_count, request_);
  if (fault != H1Fault::None) {
    close_after_ = true;
    if (fault == H1Fault::TooManyFields) reached(Limit::HeaderCount);
    context_.metrics.http.requests_refused[static_cast<size_t>(fault)].add();
    uint16_t status = status_of(fault);
    return answer(status, status == 431 ? RequestEnd::TooLarge : RequestEnd::BadRequest,
                  text(fault));
  }
  understood_ = true;
  if (is_grpc(request_.fields)) {
    std::optional<Micros> most = grpc_timeout(request_.fields);
    if (most) latest_ = std::min(latest_, started_ + *most);
  }
  client_->in.begin_body(request_.body, request_.length, limits().header_size);
  take_host();
  if (!take_path()) return Next::On;
  forwarded_ = forwarded_of(request_, http(), record_.client, client_->facts.site != nullptr,
                            client_->port, own_id_.view());
  record_.request_id = forwarded_.request_id;
  record_.client = forwarded_.client;

  Decision decision = decide(request_.method, host_name_, path_, client_->facts, sender());
  decision_ = decision.kind;
  error_page_ = decision.error_page;
  site_ = decision.site;
  route_ = decision.route;
  if (route_) record_.route = route_->path;
  if (site_) {
    record_.site = site_->name;
    record_.scenario = site_->scenario;
    record_.routed = true;
  }
  if (decision.kind != Decision::Kind::Serve) {
    return answer(decision.status, decision.end, decision.detail);
  }
  identity_ = decision.identity;
  if (identity_) record_.client_subject = identity_->subject;
  treatment_ = route_->treatment.get();
  body_limit_ = site_->body_size;
  if (treatment_) body_limit_ = treatment_->limits.body_size.value_or(body_limit_);
  if (body_limit_ > 0 && request_.body == BodyKind::Length && request_.length > body_limit_) {
    reached(Limit::BodySize);
    return answer(413, RequestEnd::TooLarge, "the body is longer than body_size");
  }
  if (treatment_ && treatment_->rewrites && !rewrite()) return Next::On;
  service_ = route_->service.get();
  record_.service = service_->name();
  return start_attempt();
}

Sender Exchange::sender() const {
  Sender sender;
  sender.client = &forwarded_.client;
  if (!forwarded_.trusted) return sender;
  const Field* scheme = request_.fields.find(FieldName::XForwardedProto);
  sender.tls_before = scheme && same_name(scheme->value, "https");
  return sender;
}

// False: it has been answered.
bool Exchange::rewrite() {
  RewriteStatus status = rewrite_path(*route_, path_, request_.query, rewritten_, path_);
  if (status == RewriteStatus::Ok) return true;
  answer(400, RequestEnd::BadRequest, text(status));
  return false;
}

// The parser has left nothing in it but what names have. What is longer than any name is none.
void Exchange::take_host() {
  std::string_view host = request_.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > sizeof host_) host = {};
  for (size_t i = 0; i < host.size(); ++i) {
    char c = host[i];
    host_[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  host_name_ = {host_, host.size()};
  record_.method = request_.method_text;
  record_.host = host_name_;
  record_.path = request_.path;
  if (request_.path.data() + request_.path.size() == request_.query.data()) {
    // They lie side by side in the head.
    record_.path = {request_.path.data(), request_.path.size() + request_.query.size()};
  } else if (!request_.query.empty()) {
    // An absolute target without a path, whose "/" is not in the head.
    path_bytes_.clear();
    path_bytes_.append(as_bytes(request_.path));
    path_bytes_.append(as_bytes(request_.query));
    record_.path = as_text(Bytes(path_bytes_.rest()));
  }
  record_.protocol = request_.minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
  if (client_->version == 2) record_.protocol = "HTTP/2.0";
  if (const Field* f = request_.fields.find(FieldName::UserAgent)) record_.user_agent = f->value;
  if (const Field* f = request_.fields.find(FieldName::Referer)) record_.referer = f->value;
  if (const Field* f = request_.fields.find(FieldName::XForwardedFor)) {
    record_.x_forwarded_for = f->value;
  }
}

// False: it has been answered.
bool Exchange::take_path() {
  path_ = request_.path;
  bool keep_slashes = http().encoded_slashes == EncodedSlashes::Keep;
  if (path_ == "*" || path_ == "/" || !http().normalize_paths ||
      (keep_slashes && is_normal_path(path_))) {
    return true;
  }
  // Never longer than it was: what was in front of it leaves room enough.
  path_bytes_.clear();
  path_bytes_.append(as_bytes(path_));
  size_t size = 0;
  PathStatus status =
      normalize_path(request_.path, keep_slashes ? EncodedSlash::Keep : EncodedSlash::Refuse,
                     path_bytes_.rest(), size);
  if (status != PathStatus::Ok) {
    answer(400, RequestEnd::BadRequest, text(status));
    return false;
  }
  path_ = as_text(Bytes(path_bytes_.rest())).substr(0, size);
  return true;
}

}  // namespace sallyport
