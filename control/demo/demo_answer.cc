#include "control/demo/demo_answer.h"

#include <algorithm>

namespace sallyport {
namespace {

bool is_get(const HttpRequest& request) { return request.method == "GET"; }
bool is_head(const HttpRequest& request) { return request.method == "HEAD"; }

/// The client's text goes to a terminal: control characters could do things there.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string or_none(const std::string& text) { return text.empty() ? "none" : printable(text); }

std::string tls_text(const TlsSeen& tls) {
  return tls.version + ", " + tls.cipher + (tls.resumed ? ", resumed" : ", full handshake");
}

std::string body_text(const HttpRequest& request, const AnswerFacts& facts) {
  std::string text = facts.backend + "\n";
  const auto line = [&text](const char* name, const std::string& value) {
    text += std::string("  ") + name + ": " + value + "\n";
  };
  line("request", printable(request.line));
  line("host", or_none(request.host));
  line("connection from", facts.peer.text());
  line("tls at the backend", facts.tls ? tls_text(*facts.tls) : "none, it came as plain text");
  if (facts.tls) {
    line("server name", or_none(facts.tls->server_name));
    line("client certificate", or_none(facts.tls->client_certificate));
  }
  return text;
}

std::string response(const std::string& status, bool keep_alive, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n"
         "Content-Type: text/plain; charset=us-ascii\r\n"
         "X-Content-Type-Options: nosniff\r\n"
         "Content-Length: " + std::to_string(body.size()) + "\r\n"
         "Connection: " + (keep_alive ? "keep-alive" : "close") + "\r\n"
         "\r\n" + body;
}

}  // namespace

std::string answer(const HttpRequest& request, const AnswerFacts& facts) {
  const bool keep_alive = keeps_open(request);
  if (!is_get(request) && !is_head(request)) {
    std::string refused = refusal("405 Method Not Allowed");
    return refused.insert(refused.find("\r\n") + 2, "Allow: GET, HEAD\r\n");
  }
  const std::string body = body_text(request, facts);
  std::string whole = response("200 OK", keep_alive, body);
  if (is_head(request)) whole.resize(whole.size() - body.size());
  return whole;
}

bool keeps_open(const HttpRequest& request) {
  return request.keep_alive && !request.has_body && (is_get(request) || is_head(request));
}

std::string refusal(const std::string& status) { return response(status, false, status + "\n"); }

}  // namespace sallyport
