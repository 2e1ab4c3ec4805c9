#include "control/pki/issued_index.h"

#include <gtest/gtest.h>

#include "control/pki/certificate_authority.h"
#include "control/pki/certificate_text.h"

namespace sallyport {
namespace {

constexpr const char* kText =
    "V\t270601120000Z\t\t3FA1\tunknown\t/CN=bank\n"
    "R\t270601120000Z\t270301120000Z,keyCompromise\t07\tunknown\t/CN=alice\n"
    "R\t20600601120000Z\t270301120000Z\t0801\tunknown\t\n"
    "E\t200601120000Z\t\t0A\tunknown\t/CN=old\n";

// 2027-04-05 06:07:08 UTC.
const auto kThen = std::chrono::system_clock::from_time_t(1806905228);

IssuedIndex parsed(const std::string& text) {
  Result<IssuedIndex> index = IssuedIndex::parse(text);
  EXPECT_TRUE(index.ok()) << index.error().message;
  return *std::move(index);
}

TEST(IssuedIndex, IsWrittenAsItWasRead) {
  const IssuedIndex index = parsed(kText);
  EXPECT_EQ(index.all().size(), 4u);
  EXPECT_EQ(index.text(), kText);
  EXPECT_EQ(parsed("").text(), "");
}

TEST(IssuedIndex, FindsBySerial) {
  const IssuedIndex index = parsed(kText);
  ASSERT_NE(index.find("07"), nullptr);
  EXPECT_EQ(index.find("07")->subject, "/CN=alice");
  EXPECT_EQ(index.find("7"), nullptr);
}

TEST(IssuedIndex, RevokesOnce) {
  IssuedIndex index = parsed(kText);
  EXPECT_TRUE(index.revoke("3FA1", "superseded", kThen));
  EXPECT_EQ(index.find("3FA1")->revoked, "270405060708Z,superseded");
  EXPECT_EQ(index.find("3FA1")->status, 'R');
  EXPECT_FALSE(index.revoke("3FA1", "keyCompromise", kThen));
  EXPECT_EQ(index.find("3FA1")->revoked, "270405060708Z,superseded");

  EXPECT_TRUE(index.revoke("0A", "unspecified", kThen));
  EXPECT_EQ(index.find("0A")->revoked, "270405060708Z");
  EXPECT_EQ(parsed(index.text()).text(), index.text());
}

TEST(IssuedIndex, LineOfACertificate) {
  Result<CertificateAuthority> authority =
      CertificateAuthority::make({"CA", KeyType::EcdsaP256, {std::chrono::hours(2), kThen}});
  ASSERT_TRUE(authority.ok());
  const IssuedCertificate issued = IssuedCertificate::of(authority->certificate());
  EXPECT_EQ(issued.line(), "V\t270405080708Z\t\t" + issued.serial + "\tunknown\t/CN=CA\n");
  EXPECT_EQ(parsed(issued.line()).all().front(), issued);
}

TEST(IssuedIndex, RefusesWhatItCannotRead) {
  const char* const lines[] = {
      "",
      "V",
      "V\t270601120000Z\t\t3FA1\tunknown",
      "X\t270601120000Z\t\t3FA1\tunknown\t/CN=a",
      "VV\t270601120000Z\t\t3FA1\tunknown\t/CN=a",
      "V\ttomorrow\t\t3FA1\tunknown\t/CN=a",
      "V\t270601120000Z\t\t3FA\tunknown\t/CN=a",
      "V\t270601120000Z\t\t\tunknown\t/CN=a",
      "V\t270601120000Z\t\t3fa1\tunknown\t/CN=a",
      "V\t270601120000Z\t270301120000Z\t3FA1\tunknown\t/CN=a",  // revoked, and yet valid
      "R\t270601120000Z\t\t3FA1\tunknown\t/CN=a",
      "R\t270601120000Z\tyesterday,superseded\t3FA1\tunknown\t/CN=a",
  };
  for (const char* line : lines) {
    const Result<IssuedIndex> index =
        IssuedIndex::parse("V\t270601120000Z\t\t01\tunknown\t\n" + std::string(line) + "\n");
    ASSERT_FALSE(index.ok()) << line;
    EXPECT_TRUE(index.error().message.starts_with("line 2 ")) << index.error().message;
  }
}

}  // namespace
}  // namespace sallyport
