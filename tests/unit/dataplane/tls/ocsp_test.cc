#include "dataplane/tls/ocsp.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "dataplane/tls/certificate.h"
#include "dataplane/tls/stapling.h"
#include "tests/fuzz/ocsp_rules.h"
#include "tests/support/ocsp_parts.h"

namespace sallyport {
namespace {

std::string pem(const X509Ptr& certificate) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  char* text = nullptr;
  long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

class OcspTest : public testing::Test {
 protected:
  Result<OcspQuestion> question(const OcspParty& leaf, const std::string& responder = "") {
    return OcspQuestion::make(leaf.certificate.get(), nullptr, pem(ca_.certificate), responder);
  }
  OcspAnswer answer(const OcspReply& reply) {
    return (*question(leaf_)).read(make_reply(leaf_, ca_, ca_, reply), kOcspNow);
  }

  OcspParty ca_ = make_party("CA", 1, nullptr);
  OcspParty leaf_ = make_party("leaf", 2, &ca_, "serverAuth", "http://ocsp.example.com/a");
};

TEST_F(OcspTest, AsksTheResponderThatTheCertificateNamesOrTheConfiguredOne) {
  auto asked = question(leaf_);
  ASSERT_TRUE(asked) << asked.error().message;
  EXPECT_EQ(asked->url(), "http://ocsp.example.com/a");
  EXPECT_EQ(question(leaf_, "https://other.example.com")->url(), "https://other.example.com");
  auto* der = reinterpret_cast<const unsigned char*>(asked->request().data());
  OCSP_REQUEST* request =
      d2i_OCSP_REQUEST(nullptr, &der, static_cast<long>(asked->request().size()));
  ASSERT_TRUE(request);
  EXPECT_EQ(OCSP_request_onereq_count(request), 1);
  OCSP_REQUEST_free(request);
}

TEST_F(OcspTest, WithoutAnIssuerOrAResponderThereIsNoQuestion) {
  OcspParty other = make_party("CA", 1, nullptr);  // the same name, another key
  auto strange = OcspQuestion::make(leaf_.certificate.get(), nullptr, pem(other.certificate), "");
  ASSERT_FALSE(strange);
  EXPECT_NE(strange.error().message.find("issuer"), std::string::npos);
  auto silent = question(make_party("silent", 3, &ca_, "serverAuth"));
  ASSERT_FALSE(silent);
  EXPECT_NE(silent.error().message.find("ocsp.responder"), std::string::npos);
  EXPECT_FALSE(question(make_party("odd", 4, &ca_, "", "ldap://ocsp.example.com")));
}

TEST_F(OcspTest, AGoodAnswerOfTheIssuerIsAStaple) {
  OcspAnswer good = answer({});
  EXPECT_EQ(good.verdict, OcspVerdict::Good) << good.fault;
  EXPECT_EQ(good.staple.this_update, kOcspNow - 100);
  EXPECT_EQ(good.staple.next_update, kOcspNow + 900);
  EXPECT_EQ(good.staple.der.front(), 0x30);
}

TEST_F(OcspTest, WhatIsNotGoodSaysSo) {
  OcspReply reply;
  reply.status = V_OCSP_CERTSTATUS_REVOKED;
  EXPECT_EQ(answer(reply).verdict, OcspVerdict::Revoked);
  EXPECT_EQ(answer(reply).fault, "revoked: keyCompromise");
  reply.status = V_OCSP_CERTSTATUS_UNKNOWN;
  EXPECT_EQ(answer(reply).verdict, OcspVerdict::Unknown);
}

TEST_F(OcspTest, TimeDecidesEvenOverRevocation) {
  struct Case {
    int64_t from;
    std::optional<int64_t> until;
    const char* fault;
  };
  for (const Case& c : {Case{kOcspNow + 301, kOcspNow + 900, "not valid yet"},
                        Case{kOcspNow - 900, kOcspNow, "over"},
                        Case{kOcspNow - 900, kOcspNow - 1, "over"},
                        Case{kOcspNow + 200, kOcspNow + 100, "over"},
                        Case{kOcspNow - 100, std::nullopt,
                             "does not say until when it is valid"}}) {
    for (int status : {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED}) {
      OcspAnswer got = answer({status, c.from, c.until});
      EXPECT_EQ(got.verdict, OcspVerdict::Unusable) << c.fault;
      EXPECT_EQ(got.fault, c.fault);
    }
  }
  // The responder's clock may be a little ahead.
  EXPECT_EQ(answer({V_OCSP_CERTSTATUS_GOOD, kOcspNow + 300, kOcspNow + 900}).verdict,
            OcspVerdict::Good);
}

TEST_F(OcspTest, ADelegateOfTheIssuerMaySign) {
  OcspParty delegate = make_party("responder", 5, &ca_, "OCSPSigning");
  OcspAnswer got = (*question(leaf_)).read(make_reply(leaf_, ca_, delegate), kOcspNow);
  EXPECT_EQ(got.verdict, OcspVerdict::Good) << got.fault;
}

TEST_F(OcspTest, NobodyElseMaySign) {
  OcspParty stranger = make_party("CA", 1, nullptr);
  OcspParty not_for_it = make_party("server", 6, &ca_, "serverAuth");
  OcspParty of_a_stranger = make_party("responder", 7, &stranger, "OCSPSigning");
  for (const OcspParty* signer : {&stranger, &not_for_it, &of_a_stranger, &leaf_}) {
    OcspAnswer got = (*question(leaf_)).read(make_reply(leaf_, ca_, *signer), kOcspNow);
    EXPECT_EQ(got.verdict, OcspVerdict::Unusable);
    EXPECT_EQ(got.fault, "signed neither by the certificate's issuer nor for it");
  }
}

TEST_F(OcspTest, AnAnswerAboutAnotherCertificateIsNone) {
  OcspParty sibling = make_party("sibling", 8, &ca_, "serverAuth");
  OcspAnswer got = (*question(leaf_)).read(make_reply(sibling, ca_, ca_), kOcspNow);
  EXPECT_EQ(got.verdict, OcspVerdict::Unusable);
  EXPECT_EQ(got.fault, "about another certificate");
}

TEST_F(OcspTest, BytesThatAreNoResponseAreNone) {
  OcspQuestion asked = *question(leaf_);
  std::string whole = make_reply(leaf_, ca_, ca_);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(asked.read(whole.substr(0, size), kOcspNow).verdict, OcspVerdict::Unusable) << size;
  }
  EXPECT_EQ(asked.read(whole + '\0', kOcspNow).fault, "not an OCSP response");
  EXPECT_EQ(asked.read(std::string(kOcspMostBytes + 1, 'x'), kOcspNow).fault, "too long");
  // One bit of what is signed, or of the signature: never good, whichever it is.
  for (size_t at = 0; at < whole.size(); at += 7) {
    std::string forged = whole;
    forged[at] = static_cast<char>(forged[at] ^ 1);
    OcspAnswer got = asked.read(forged, kOcspNow);
    if (got.verdict == OcspVerdict::Good) {
      // Only in the responder's own certificate, which is not needed where the issuer signs.
      EXPECT_GT(at, whole.size() / 2) << at;
    }
  }
  OCSP_RESPONSE* later = OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, nullptr);
  unsigned char* der = nullptr;
  int size = i2d_OCSP_RESPONSE(later, &der);
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  OCSP_RESPONSE_free(later);
  EXPECT_EQ(asked.read(text, kOcspNow).fault, "the responder says trylater");
}

TEST_F(OcspTest, AStapleIsShownUntilItIsOverAndNeverReplacedByAnOlderOne) {
  Stapling stapling("shop", question(leaf_));
  EXPECT_FALSE(stapling.at(kOcspNow));
  auto staple = [](int64_t from, int64_t until) {
    return std::make_shared<const Staple>(Staple{"der", from, until});
  };
  stapling.use(staple(100, 200));
  EXPECT_TRUE(stapling.at(199));
  EXPECT_FALSE(stapling.at(200));
  stapling.use(staple(99, 500));
  EXPECT_EQ(stapling.at(150)->next_update, 200);
  stapling.use(staple(100, 300));
  EXPECT_EQ(stapling.at(150)->next_update, 300);
  stapling.use(nullptr);
  EXPECT_FALSE(stapling.at(150));
}

TEST(OcspCorpus, IsReadAsItsNamesSay) {
  const std::map<std::string, OcspVerdict> expected = {
      {"good", OcspVerdict::Good},
      {"good_by_a_delegate", OcspVerdict::Good},
      {"good_by_key", OcspVerdict::Good},
      {"good_without_certificates", OcspVerdict::Good},
      {"revoked", OcspVerdict::Revoked}};
  size_t known = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           SALLYPORT_SOURCE_DIR "/tests/fuzz/corpus/ocsp_response")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    auto it = expected.find(entry.path().filename().string());
    known += it != expected.end();
    EXPECT_EQ(check_ocsp_response(text.str()),
              it != expected.end() ? it->second : OcspVerdict::Unusable)
        << entry.path();
  }
  EXPECT_EQ(known, expected.size());
}

}  // namespace
}  // namespace sallyport
