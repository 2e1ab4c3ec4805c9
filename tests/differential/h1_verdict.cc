// Says how we read messages of HTTP/1, for tests/differential/run.py to compare. Each line of the
// input is "request BYTES" or "response METHOD BYTES", the bytes in hex; each line of the output is
// a JSON object.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "dataplane/wire/http_char.h"
#include "tests/fuzz/h1_reading.h"

namespace sallyport {
namespace {

std::string from_hex(const std::string& text) {
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    out += static_cast<char>(hex_value(text[i]) << 4 | hex_value(text[i + 1]));
  }
  return out;
}

std::string to_hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

// What stands behind `name` in a line of the facts.
std::string fact(const H1Reading& reading, const std::string& name) {
  size_t at = ("\n" + reading.facts).find("\n" + name + " ");
  if (at == std::string::npos) return "";
  at += name.size() + 1;
  return reading.facts.substr(at, reading.facts.find('\n', at) - at);
}

const char* verdict(const H1Reading& reading) {
  if (reading.state == H1Reading::State::Refused) return "refused";
  bool whole = reading.state == H1Reading::State::Complete || reading.ends_here;
  return whole ? "taken" : "incomplete";
}

H1Reading read_final_response(std::string bytes, Method to) {
  for (;;) {
    H1Reading reading = read_response(as_bytes(bytes), to, whole());
    std::string status = fact(reading, "status");
    bool interim = reading.state == H1Reading::State::Complete && status[0] == '1';
    if (!interim || status == "101") return reading;
    bytes.erase(0, reading.used);
  }
}

std::string judge(const std::string& line) {
  std::istringstream words(line);
  std::string kind, method, hex;
  words >> kind;
  if (kind == "response") words >> method;
  words >> hex;
  H1Reading reading = kind == "request"
                          ? read_request(as_bytes(from_hex(hex)), whole())
                          : read_final_response(from_hex(hex), method_of(method));
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  auto put = [&](const char* key, const std::string& value) {
    json.Key(key);
    json.String(value.c_str());
  };
  json.StartObject();
  put("verdict", verdict(reading));
  put("fault", name(reading.fault));
  put("status", fact(reading, "status"));
  put("method", fact(reading, "method"));
  put("target", fact(reading, "path") + fact(reading, "query"));
  put("body", to_hex(reading.body));
  json.EndObject();
  return buffer.GetString();
}

}  // namespace
}  // namespace sallyport

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << sallyport::judge(line) << std::endl;
  }
}
