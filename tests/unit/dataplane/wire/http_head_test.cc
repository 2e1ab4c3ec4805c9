#include "dataplane/wire/http_head.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

TEST(Method, IsToldByItsExactNameAndMayBeSentAgainOrNot) {
  struct {
    const char* text;
    Method method;
    bool idempotent;
  } cases[] = {
      {"GET", Method::Get, true},         {"HEAD", Method::Head, true},
      {"POST", Method::Post, false},      {"PUT", Method::Put, true},
      {"DELETE", Method::Delete, true},   {"CONNECT", Method::Connect, false},
      {"OPTIONS", Method::Options, true}, {"TRACE", Method::Trace, true},
      {"PATCH", Method::Patch, false},    {"get", Method::Other, false},
      {"GETS", Method::Other, false},     {"PROPFIND", Method::Other, false},
      {"", Method::Other, false},         {"Delete", Method::Other, false},
  };
  for (const auto& sample : cases) {
    EXPECT_EQ(method_of(sample.text), sample.method) << sample.text;
    EXPECT_EQ(is_idempotent(sample.method), sample.idempotent) << sample.text;
  }
}

}  // namespace
}  // namespace sallyport
