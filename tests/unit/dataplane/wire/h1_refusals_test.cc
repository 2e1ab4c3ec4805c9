// Every row of the table of refusals, in one piece and in pieces; and the corpus of the fuzzers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "tests/fuzz/h1_body_rules.h"
#include "tests/fuzz/h1_head_rules.h"
#include "tests/unit/dataplane/wire/http_refusals.h"

namespace sallyport {
namespace {

using State = H1Reading::State;

std::vector<Segments> all_segments() { return {whole(), one_byte_each(), mixed(1), mixed(2)}; }

void expect_refused(const H1Reading& reading, const HttpRefusal& row) {
  EXPECT_EQ(reading.state, State::Refused);
  EXPECT_EQ(name(reading.fault), row.fault);
  EXPECT_EQ(reading.head_taken, row.in_body);
}

// What ends with the connection is complete where it ends.
void expect_taken(const H1Reading& reading, const HttpRefusal& row) {
  EXPECT_TRUE(reading.state == State::Complete || reading.ends_here)
      << name(reading.fault) << "\n" << row.valid;
}

TEST(H1Refusals, NoRequestOfTheTableIsTakenAndEveryNeighbourIs) {
  std::vector<HttpRefusal> rows = request_refusals();
  EXPECT_GE(rows.size(), 200u);
  for (const HttpRefusal& row : rows) {
    SCOPED_TRACE(row.name);
    for (const Segments& segments : all_segments()) {
      H1Reading refused = read_request(as_bytes(row.refused), segments);
      expect_refused(refused, row);
      EXPECT_EQ(status_of(refused.fault), row.status);
      expect_taken(read_request(as_bytes(row.valid), segments), row);
    }
    check_h1_request(as_bytes(row.refused));
    check_h1_request(as_bytes(row.valid));
  }
}

TEST(H1Refusals, NoResponseOfTheTableIsTakenAndEveryNeighbourIs) {
  std::vector<HttpRefusal> rows = response_refusals();
  EXPECT_GE(rows.size(), 70u);
  for (const HttpRefusal& row : rows) {
    SCOPED_TRACE(row.name);
    for (const Segments& segments : all_segments()) {
      expect_refused(read_response(as_bytes(row.refused), row.to, segments), row);
      expect_taken(read_response(as_bytes(row.valid), row.to, segments), row);
    }
    check_h1_response(as_bytes(row.refused));
    check_h1_response(as_bytes(row.valid));
  }
}

// Behind a request that was taken, the next one's faults are found as well.
TEST(H1Refusals, TheSecondOfTwoPipelinedRequestsIsRefusedAsTheFirst) {
  const std::string first = "GET /first HTTP/1.1\r\nHost: a.example\r\n\r\n";
  for (const HttpRefusal& row : request_refusals()) {
    SCOPED_TRACE(row.name);
    std::string both = first + row.refused;
    H1Reading reading = read_request(as_bytes(both), whole());
    ASSERT_EQ(reading.state, State::Complete);
    ASSERT_EQ(reading.used, first.size());
    expect_refused(read_request(as_bytes(both).subspan(reading.used), whole()), row);
  }
}

TEST(H1Refusals, EveryFaultHasARowOrALimit) {
  std::set<std::string> told = {"none", "head_too_large", "too_many_fields",
                                // These: h2_head_test.
                                "bad_pseudo_field", "connection_field", "unknown_protocol"};
  for (const HttpRefusal& row : request_refusals()) told.insert(row.fault);
  for (const HttpRefusal& row : response_refusals()) told.insert(row.fault);
  for (int i = 0; i < static_cast<int>(H1Fault::Count); ++i) {
    auto fault = static_cast<H1Fault>(i);
    EXPECT_TRUE(told.contains(name(fault))) << name(fault);
    EXPECT_STRNE(text(fault), "");
  }
}

// The file's name says what must come of it; the rules that the fuzzer checks hold for each.
template <class Check>
int for_each_file(const char* folder, Check check) {
  int files = 0;
  auto path = std::filesystem::path(SALLYPORT_SOURCE_DIR "/tests/fuzz/corpus") / folder;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::string name = entry.path().filename();
    SCOPED_TRACE(name);
    check(name, as_bytes(bytes));
    ++files;
  }
  return files;
}

TEST(H1Refusals, TheCorpusOfRequestsIsJudgedAsItsNamesSay) {
  int files = for_each_file("h1_request", [](const std::string& name, Bytes bytes) {
    check_h1_request(bytes);
    State state = read_request(bytes, whole()).state;
    EXPECT_EQ(state == State::Refused, name.starts_with("refused_"));
    EXPECT_EQ(state != State::Refused, name.starts_with("accepted_"));
  });
  EXPECT_GT(files, 30);
}

TEST(H1Refusals, TheCorpusOfResponsesIsJudgedAsItsNamesSay) {
  int files = for_each_file("h1_response", [](const std::string& name, Bytes bytes) {
    check_h1_response(bytes);
    Method to = name.find("_to_head") == std::string::npos ? Method::Get : Method::Head;
    State state = read_response(bytes, to, whole()).state;
    EXPECT_EQ(state == State::Refused, name.starts_with("refused_"));
    EXPECT_EQ(state != State::Refused, name.starts_with("accepted_"));
  });
  EXPECT_GT(files, 25);
}

TEST(H1Refusals, TheCorpusOfChunksIsJudgedAsItsNamesSay) {
  using Of = H1BodyDecoder::State;
  int files = for_each_file("h1_chunked", [](const std::string& name, Bytes bytes) {
    check_h1_chunked(bytes);
    Of expected = name.starts_with("refused_") ? Of::Refused
                  : name.starts_with("more_")  ? Of::More
                                               : Of::End;
    EXPECT_EQ(h1_rules::decode(bytes, 1024, whole()).state, expected);
  });
  EXPECT_GT(files, 15);
}

}  // namespace
}  // namespace sallyport
