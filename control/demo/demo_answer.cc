#include "control/demo/demo_answer.h"

#include <algorithm>

#include "dataplane/wire/h1_writer.h"

namespace sallyport {
namespace {

/// The client's text goes to a terminal: control characters could do things there.
std::string printable(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

std::string or_none(const std::string& text) { return text.empty() ? "none" : printable(text); }

std::string tls_text(const TlsSeen& tls) {
  return tls.version + ", " + tls.cipher + (tls.resumed ? ", resumed" : ", full handshake");
}

std::string request_text(const RequestHead& head) {
  std::string text;
  for (const std::string_view part : {head.method_text, std::string_view(" "), head.path,
                                      head.query, std::string_view(" HTTP/1.")}) {
    text += printable(part);
  }
  text += std::to_string(head.minor) + "\n";
  for (const Field& field : head.fields.all()) {
    text += "    " + printable(field.name) + ": " + printable(field.value) + "\n";
  }
  return text;
}

std::string body_text(const DemoRequests& requests) {
  const bool whole = requests.body_size() == requests.body_beginning().size();
  return std::to_string(requests.body_size()) + " bytes" + (whole ? ": " : ", which begin with: ") +
         printable(requests.body_beginning());
}

std::string page(const DemoRequests& requests, const AnswerFacts& facts) {
  std::string text = facts.backend + "\n";
  const auto line = [&text](const char* name, const std::string& value) {
    text += std::string("  ") + name + ": " + value + "\n";
  };
  line("connection from", facts.peer.text());
  line("tls at the backend", facts.tls ? tls_text(*facts.tls) : "none, it came as plain text");
  if (facts.tls) {
    line("server name", or_none(facts.tls->server_name));
    line("client certificate", or_none(facts.tls->client_certificate));
  }
  text += "  request: " + request_text(requests.head());
  if (requests.body_size() > 0) line("body", body_text(requests));
  return text;
}

std::string response(uint16_t status, bool keep_alive, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason_phrase(status)) + "\r\n"
         "Content-Type: text/plain; charset=us-ascii\r\n"
         "X-Content-Type-Options: nosniff\r\n"
         "Content-Length: " + std::to_string(body.size()) + "\r\n"
         "Connection: " + (keep_alive ? "keep-alive" : "close") + "\r\n"
         "\r\n" + body;
}

}  // namespace

std::string answer(const DemoRequests& requests, const AnswerFacts& facts) {
  const std::string body = page(requests, facts);
  std::string whole = response(200, requests.head().keep_alive, body);
  if (requests.head().method == Method::Head) whole.resize(whole.size() - body.size());
  return whole;
}

std::string refusal(H1Fault fault) {
  return response(status_of(fault), false, std::string("refused: ") + text(fault) + "\n");
}

}  // namespace sallyport
