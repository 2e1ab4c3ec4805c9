#include "dataplane/session/error_page.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <array>
#include <string>

namespace sallyport {
namespace {

constexpr std::string_view kId = "0123456789abcdef0123456789abcdef";

std::string page(PageType type, uint16_t code, std::string_view id = kId) {
  std::array<uint8_t, kErrorPageMost> room;
  return std::string(as_text(Bytes(room).first(write_error_page(room, type, code, id))));
}

TEST(ErrorPage, IsOfTheTypeThatAcceptPrefers) {
  struct {
    const char* accept;
    PageType type;
  } rows[] = {
      {"", PageType::Text},
      {"*/*", PageType::Text},                                      // curl, fetch
      {"text/html", PageType::Html},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
       PageType::Html},                                             // Firefox
      {"text/html,application/xhtml+xml,application/xml;q=0.9,image/apng,*/*;q=0.8,"
       "application/signed-exchange;v=b3;q=0.7",
       PageType::Html},                                             // Chromium
      {"application/json", PageType::Json},
      {"application/json, text/plain, */*", PageType::Json},        // axios
      {"text/plain, application/json", PageType::Text},
      {"application/json;q=0.5, text/html;q=0.9", PageType::Html},
      {"text/html;q=0.5, application/json;q=0.501", PageType::Json},
      {"text/html;q=0.9,*/*", PageType::Text},
      {"text/*", PageType::Text},
      {"text/*, text/plain;q=0.1", PageType::Html},
      {"application/*", PageType::Json},
      {"*/*, application/*", PageType::Json},
      {"*/*;q=1, text/html;q=0, text/plain;q=0", PageType::Json},   // the more specific one counts
      {"text/html;q=0", PageType::Text},
      {"image/png", PageType::Text},
      {"text/html;q=0, application/json;q=0, text/plain;q=0", PageType::Text},
      {"TEXT/HTML", PageType::Html},
      {"Application/JSON ; Q=0.9 , text/html ; q=0.8", PageType::Json},
      {"text/html;level=1;q=0.4, application/json;q=0.3", PageType::Html},
      {"application/json;charset=utf-8", PageType::Json},
      {", ,text/html,,", PageType::Html},
      {"text/html;q=1.000", PageType::Html},
      // What cannot be read says nothing.
      {"text/html;q=1.001, application/json;q=0.1", PageType::Json},
      {"text/html;q=, application/json;q=0.1", PageType::Json},
      {"text/html;q=0.1234, application/json;q=0.1", PageType::Json},
      {"text/html;q=x, application/json;q=0.1", PageType::Json},
      {"text/html;q=2, application/json;q=0.1", PageType::Json},
      {"text/html;q=-1, application/json;q=0.1", PageType::Json},
      {"html, application/json;q=0.1", PageType::Json},
      {"*/html", PageType::Text},
      {";;;", PageType::Text},
      {"/", PageType::Text},
      {"text/html;", PageType::Html},
  };
  for (const auto& [accept, type] : rows) EXPECT_EQ(page_type(accept), type) << accept;
}

TEST(ErrorPage, HearsAllAcceptFields) {
  FieldList fields;
  EXPECT_EQ(page_type(fields), PageType::Text);
  fields.add({"Accept", "text/plain;q=0.5", FieldName::Accept});
  fields.add({"Host", "application/json", FieldName::Host});
  fields.add({"accept", "text/html", FieldName::Accept});
  EXPECT_EQ(page_type(fields), PageType::Html);
}

TEST(ErrorPage, SaysWhatItIs) {
  EXPECT_EQ(content_type(PageType::Text), "text/plain; charset=utf-8");
  EXPECT_EQ(content_type(PageType::Html), "text/html; charset=utf-8");
  EXPECT_EQ(content_type(PageType::Json), "application/json");
}

TEST(ErrorPage, AsText) {
  EXPECT_EQ(page(PageType::Text, 404),
            "404 Not Found\nThere is nothing at this address.\nRequest id: " + std::string(kId) +
                "\n");
  EXPECT_EQ(page(PageType::Text, 404, ""), "404 Not Found\nThere is nothing at this address.\n");
}

TEST(ErrorPage, AsJson) {
  for (uint16_t code = 400; code <= 599; ++code) {
    rapidjson::Document json;
    json.Parse(page(PageType::Json, code).c_str());
    ASSERT_FALSE(json.HasParseError()) << code;
    EXPECT_EQ(json["status"].GetInt(), status_of_page(code));
    EXPECT_GT(json["error"].GetStringLength(), 0u);
    EXPECT_GT(json["message"].GetStringLength(), 0u);
    EXPECT_EQ(json["request_id"].GetString(), kId);
  }
  rapidjson::Document json;
  json.Parse(page(PageType::Json, 400, "").c_str());
  EXPECT_FALSE(json.HasMember("request_id"));
}

TEST(ErrorPage, AsHtmlNeedsNothingFromElsewhere) {
  for (uint16_t code = 400; code <= 599; ++code) {
    std::string html = page(PageType::Html, code);
    EXPECT_EQ(html.rfind("<!doctype html>\n", 0), 0u);
    EXPECT_NE(html.find("<code>" + std::string(kId) + "</code>"), html.npos);
    EXPECT_NE(html.find("<b>" + std::to_string(status_of_page(code)) + "</b>"), html.npos);
    for (const char* absent : {"http://", "https://", "src=", "href=", "url(", "<script"}) {
      EXPECT_EQ(html.find(absent), html.npos) << absent;
    }
  }
  EXPECT_EQ(page(PageType::Html, 502, "").find("<code>"), std::string::npos);
}

TEST(ErrorPage, HasItsWordsForEachStatusThatTheProxyAnswers) {
  struct {
    uint16_t code;
    const char* first_line;
  } rows[] = {
      {400, "400 Bad Request"},
      {403, "403 Forbidden"},
      {404, "404 Not Found"},
      {405, "405 Method Not Allowed"},
      {408, "408 Request Timeout"},
      {413, "413 Content Too Large"},
      {417, "417 Expectation Failed"},
      {418, "418 Request Refused"},
      {421, "421 Misdirected Request"},
      {431, "431 Request Header Fields Too Large"},
      {495, "400 The SSL certificate error"},
      {496, "400 No required SSL certificate was sent"},
      {497, "400 The plain HTTP request was sent to HTTPS port"},
      {500, "500 Internal Server Error"},
      {502, "502 Bad Gateway"},
      {503, "503 Service Unavailable"},
      {504, "504 Gateway Timeout"},
      {505, "505 HTTP Version Not Supported"},
      {599, "599 Server Error"},
  };
  for (const auto& [code, first_line] : rows) {
    std::string text = page(PageType::Text, code);
    EXPECT_EQ(text.substr(0, text.find('\n')), first_line);
  }
}

TEST(ErrorPage, FitsItsRoomWithTheLongestId) {
  std::string longest(128, 'x');
  for (PageType type : {PageType::Text, PageType::Html, PageType::Json}) {
    for (uint16_t code = 400; code <= 599; ++code) {
      std::string text = page(type, code, longest);
      EXPECT_NE(text.find(longest), text.npos);
      EXPECT_LE(text.size(), kErrorPageMost - 256);
    }
  }
}

}  // namespace
}  // namespace sallyport
