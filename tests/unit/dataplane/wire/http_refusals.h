// The rows of tests/support/http_refusals.json, which the integration tests read as well.
#pragma once

#include <rapidjson/document.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/wire/http_head.h"

namespace sallyport {

struct HttpRefusal {
  std::string name;
  bool in_body = false;
  Method to = Method::Get;  // of a response
  std::string fault;
  int status = 0;
  std::string refused;
  std::string valid;
};

namespace http_refusals {

using Utf16 = rapidjson::UTF16<>;
using Document = rapidjson::GenericDocument<Utf16>;
using Value = Document::ValueType;

// Each code point is a byte.
inline std::string bytes(const Value& row, const wchar_t* key) {
  const Value& text = row[key];
  std::string out;
  for (size_t i = 0; i < text.GetStringLength(); ++i) {
    CHECK(text.GetString()[i] < 0x100);
    out += static_cast<char>(text.GetString()[i]);
  }
  return out;
}

inline std::vector<HttpRefusal> rows(const wchar_t* kind) {
  std::ifstream file(SALLYPORT_SOURCE_DIR "/tests/support/http_refusals.json");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  Document document;
  document.Parse<rapidjson::kParseDefaultFlags, rapidjson::UTF8<>>(text.data(), text.size());
  CHECK(!document.HasParseError());
  std::vector<HttpRefusal> all;
  for (const Value& row : document[kind].GetArray()) {
    HttpRefusal refusal;
    refusal.name = bytes(row, L"name");
    refusal.in_body = bytes(row, L"where") == "body";
    if (row.HasMember(L"to")) refusal.to = method_of(bytes(row, L"to"));
    refusal.fault = bytes(row, L"fault");
    refusal.status = row[L"status"].GetInt();
    refusal.refused = bytes(row, L"refused");
    refusal.valid = bytes(row, L"valid");
    all.push_back(std::move(refusal));
  }
  return all;
}

}  // namespace http_refusals

inline std::vector<HttpRefusal> request_refusals() { return http_refusals::rows(L"requests"); }
inline std::vector<HttpRefusal> response_refusals() { return http_refusals::rows(L"responses"); }

}  // namespace sallyport
