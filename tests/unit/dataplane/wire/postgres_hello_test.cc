#include "dataplane/wire/postgres_hello.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "tests/fuzz/postgres_rules.h"

namespace sallyport {
namespace {

std::vector<uint8_t> message(uint32_t size, uint32_t code, size_t more = 0) {
  std::vector<uint8_t> bytes;
  for (uint32_t n : {size, code}) {
    for (int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<uint8_t>(n >> shift));
  }
  bytes.resize(bytes.size() + more);
  return bytes;
}

TEST(PostgresHello, TellsWhatClientsBeginWith) {
  EXPECT_EQ(parse_postgres_hello(kPostgresSslRequest), PostgresHello::SslRequest);
  EXPECT_EQ(parse_postgres_hello(message(8, 80877103)), PostgresHello::SslRequest);
  EXPECT_EQ(parse_postgres_hello(message(8, 80877104)), PostgresHello::GssRequest);
  EXPECT_EQ(parse_postgres_hello(message(16, 80877102, 8)), PostgresHello::InTheClear);
  EXPECT_EQ(parse_postgres_hello(message(42, 0x30000)), PostgresHello::InTheClear);
  EXPECT_EQ(parse_postgres_hello(message(42, 0x30002)), PostgresHello::InTheClear);
  const uint8_t tls[] = {0x16, 0x03, 0x01};
  EXPECT_EQ(parse_postgres_hello(tls), PostgresHello::Tls);
}

TEST(PostgresHello, WaitsForEightBytes) {
  for (size_t size = 0; size < kPostgresRequestSize; ++size) {
    EXPECT_EQ(parse_postgres_hello(Bytes(kPostgresSslRequest).first(size)),
              PostgresHello::NeedMore);
  }
}

TEST(PostgresHello, RefusesWhatIsNone) {
  const uint8_t get[] = {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'};
  EXPECT_EQ(parse_postgres_hello(get), PostgresHello::Malformed);
  EXPECT_EQ(parse_postgres_hello(Bytes(get).first(1)), PostgresHello::Malformed);
  EXPECT_EQ(parse_postgres_hello(message(9, 80877103, 1)), PostgresHello::Malformed);
  EXPECT_EQ(parse_postgres_hello(message(7, 80877103)), PostgresHello::Malformed);
  EXPECT_EQ(parse_postgres_hello(message(0, 0)), PostgresHello::Malformed);
  EXPECT_EQ(parse_postgres_hello(message(42, 0x20000)), PostgresHello::Malformed);
  EXPECT_EQ(parse_postgres_hello(message(10001, 0x30000)), PostgresHello::Malformed);
}

TEST(PostgresHello, ErrorsAreOnesThatClientsCanRead) {
  std::string error = postgres_error("28000", "TLS is required here");
  EXPECT_EQ(error[0], 'E');
  EXPECT_EQ(static_cast<size_t>(error[4]), error.size() - 1);
  EXPECT_EQ(error.substr(5), std::string("SFATAL\0VFATAL\0C28000\0MTLS is required here\0\0", 44));
}

TEST(PostgresHello, TheCorpusIsReadAsItsNamesSay) {
  const std::map<std::string, PostgresHello> expected = {
      {"ssl_request", PostgresHello::SslRequest}, {"gss_request", PostgresHello::GssRequest},
      {"cancel", PostgresHello::InTheClear},      {"startup", PostgresHello::InTheClear},
      {"tls", PostgresHello::Tls},                {"http", PostgresHello::Malformed}};
  size_t known = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           SALLYPORT_SOURCE_DIR "/tests/fuzz/corpus/postgres_hello")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    PostgresHello said = check_postgres_hello(as_bytes(text.str()));
    auto it = expected.find(entry.path().filename().string());
    if (it == expected.end()) continue;
    ++known;
    EXPECT_EQ(said, it->second) << entry.path();
  }
  EXPECT_EQ(known, expected.size());
}

}  // namespace
}  // namespace sallyport
