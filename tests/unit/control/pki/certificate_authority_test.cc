#include "control/pki/certificate_authority.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <string>

#include "control/pki/certificate_text.h"

namespace sallyport {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours day{24};

/// Of a text that is known to be one.
X509Ptr parsed(std::string_view pem) { return *parse_certificate(pem); }

CertificateAuthority make_authority(const char* name = "test CA",
                                    KeyType key = KeyType::EcdsaP256) {
  Result<CertificateAuthority> authority =
      CertificateAuthority::make({name, key, {.duration = 30 * day}});
  EXPECT_TRUE(authority.ok()) << authority.error().message;
  return *std::move(authority);
}

IssueRequest server_request() {
  IssueRequest request;
  request.names = {"a.example.com",
                   {"a.example.com", "*.b.example.com"},
                   {*Address::parse_ip("10.1.2.3"), *Address::parse_ip("2001:db8::7")}};
  request.validity.duration = 7 * day;
  return request;
}

/// What a TLS peer would ask of the certificate. Exactly one of host and ip, or neither.
struct Question {
  const char* host = nullptr;
  const char* ip = nullptr;
  const char* purpose = "ssl_server";
};

/// X509_V_OK, or why the chain from `leaf` to `ca` does not answer the question.
int verify(const std::string& leaf, const std::string& ca, const Question& question) {
  X509Ptr certificate = parsed(leaf);
  X509StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), parsed(ca).get());
  std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
  EXPECT_EQ(X509_STORE_CTX_set_default(context.get(), question.purpose), 1);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  // Strict also demands what RFC 5280 says of extensions: key identifiers, critical flags.
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
  if (question.host) X509_VERIFY_PARAM_set1_host(param, question.host, 0);
  if (question.ip) X509_VERIFY_PARAM_set1_ip_asc(param, question.ip);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

TEST(CertificateAuthority, ServerCertificateVerifiesForItsNamesOnly) {
  const struct {
    Question question;
    int result;
  } cases[] = {
      {{.host = "a.example.com"}, X509_V_OK},
      {{.host = "x.b.example.com"}, X509_V_OK},
      {{.ip = "10.1.2.3"}, X509_V_OK},
      {{.ip = "2001:db8::7"}, X509_V_OK},
      {{.host = "b.example.com"}, X509_V_ERR_HOSTNAME_MISMATCH},
      {{.host = "x.y.b.example.com"}, X509_V_ERR_HOSTNAME_MISMATCH},
      {{.host = "evil.example.com"}, X509_V_ERR_HOSTNAME_MISMATCH},
      {{.ip = "10.1.2.4"}, X509_V_ERR_IP_ADDRESS_MISMATCH},
      {{.purpose = "ssl_client"}, X509_V_ERR_INVALID_PURPOSE},
  };
  const CertificateAuthority authority = make_authority();
  Result<IssuedSecret> issued = authority.issue(server_request());
  ASSERT_TRUE(issued.ok()) << issued.error().message;
  EXPECT_EQ(issued->ca_crt, authority.certificate_pem());
  for (const auto& c : cases) {
    EXPECT_EQ(verify(issued->tls_crt, authority.certificate_pem(), c.question), c.result)
        << (c.question.host ? c.question.host
            : c.question.ip ? c.question.ip
                            : c.question.purpose);
  }
}

TEST(CertificateAuthority, AnotherAuthorityOfTheSameNameDoesNotVerify) {
  Result<IssuedSecret> issued = make_authority().issue(server_request());
  ASSERT_TRUE(issued.ok());
  EXPECT_NE(verify(issued->tls_crt, make_authority().certificate_pem(), {}), X509_V_OK);
}

TEST(CertificateAuthority, ClientCertificateIsForClientsOnly) {
  const CertificateAuthority authority = make_authority();
  IssueRequest request;
  request.names.common_name = "alice";
  request.use = CertificateUse::Client;
  request.validity.duration = day;
  Result<IssuedSecret> issued = authority.issue(request);
  ASSERT_TRUE(issued.ok()) << issued.error().message;
  const std::string& ca = authority.certificate_pem();
  EXPECT_EQ(verify(issued->tls_crt, ca, {.purpose = "ssl_client"}), X509_V_OK);
  EXPECT_EQ(verify(issued->tls_crt, ca, {.purpose = "ssl_server"}), X509_V_ERR_INVALID_PURPOSE);
}

TEST(CertificateAuthority, OneCertificateMayServeBothUses) {
  const CertificateAuthority authority = make_authority();
  IssueRequest request = server_request();
  request.use = CertificateUse::ServerAndClient;
  Result<IssuedSecret> issued = authority.issue(request);
  ASSERT_TRUE(issued.ok());
  const std::string& ca = authority.certificate_pem();
  EXPECT_EQ(verify(issued->tls_crt, ca, {.purpose = "ssl_client"}), X509_V_OK);
  EXPECT_EQ(verify(issued->tls_crt, ca, {.purpose = "ssl_server"}), X509_V_OK);
}

TEST(CertificateAuthority, LeafCannotIssue) {
  Result<IssuedSecret> issued = make_authority().issue(server_request());
  ASSERT_TRUE(issued.ok());
  EXPECT_EQ(X509_check_ca(parsed(issued->tls_crt).get()), 0);
}

TEST(CertificateAuthority, KeyFitsTheCertificateAndIsOfTheTypeAskedFor) {
  constexpr uint32_t rsa_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
  const struct {
    KeyType authority, leaf;
    const char* type;
    int bits;
    uint32_t usage;
  } cases[] = {
      {KeyType::EcdsaP256, KeyType::EcdsaP256, "EC", 256, KU_DIGITAL_SIGNATURE},
      {KeyType::EcdsaP256, KeyType::Rsa2048, "RSA", 2048, rsa_usage},
      {KeyType::Rsa2048, KeyType::EcdsaP256, "EC", 256, KU_DIGITAL_SIGNATURE},
      {KeyType::Rsa2048, KeyType::Rsa2048, "RSA", 2048, rsa_usage},
      {KeyType::EcdsaP256, KeyType::Rsa3072, "RSA", 3072, rsa_usage},
  };
  for (const auto& c : cases) {
    const CertificateAuthority authority = make_authority("test CA", c.authority);
    IssueRequest request = server_request();
    request.key = c.leaf;
    Result<IssuedSecret> issued = authority.issue(request);
    ASSERT_TRUE(issued.ok()) << issued.error().message;
    X509Ptr leaf = parsed(issued->tls_crt);
    EvpPkeyPtr key = *parse_key(issued->tls_key.view());
    EXPECT_EQ(X509_check_private_key(leaf.get(), key.get()), 1);
    EXPECT_EQ(EVP_PKEY_is_a(key.get(), c.type), 1);
    EXPECT_EQ(EVP_PKEY_get_bits(key.get()), c.bits);
    EXPECT_EQ(key_type(*key), c.leaf);
    EXPECT_EQ(X509_get_key_usage(leaf.get()), c.usage);
    EXPECT_EQ(verify(issued->tls_crt, issued->ca_crt, {.host = "a.example.com"}), X509_V_OK);
  }
}

TEST(CertificateAuthority, ValidFromALittleBeforeNowForTheDuration) {
  IssueRequest request = server_request();
  request.validity.duration = 36h;
  Result<IssuedSecret> issued = make_authority().issue(request);
  ASSERT_TRUE(issued.ok());
  X509Ptr leaf = parsed(issued->tls_crt);
  const time_t now = std::chrono::system_clock::to_time_t(request.validity.now);
  tm from{}, to{};
  ASN1_TIME_to_tm(X509_get0_notBefore(leaf.get()), &from);
  ASN1_TIME_to_tm(X509_get0_notAfter(leaf.get()), &to);
  EXPECT_EQ(timegm(&from), now - 5 * 60);
  EXPECT_EQ(timegm(&to), now + 36 * 60 * 60);
}

TEST(CertificateAuthority, ValidityIsEncodedAcross2050) {
  const AuthorityRequest request{"old CA", KeyType::EcdsaP256, {.duration = 40 * 365 * day}};
  Result<CertificateAuthority> authority = CertificateAuthority::make(request);
  ASSERT_TRUE(authority.ok()) << authority.error().message;
  X509Ptr certificate = parsed(authority->certificate_pem());
  EXPECT_EQ(ASN1_STRING_type(X509_get0_notBefore(certificate.get())), V_ASN1_UTCTIME);
  EXPECT_EQ(ASN1_STRING_type(X509_get0_notAfter(certificate.get())), V_ASN1_GENERALIZEDTIME);
}

TEST(CertificateAuthority, ExpiredCertificateDoesNotVerify) {
  const auto then = std::chrono::system_clock::now() - 10 * day;
  Result<CertificateAuthority> authority =
      CertificateAuthority::make({"CA", KeyType::EcdsaP256, {30 * day, then}});
  ASSERT_TRUE(authority.ok());
  IssueRequest request = server_request();
  request.validity = {2 * day, then};
  Result<IssuedSecret> issued = authority->issue(request);
  ASSERT_TRUE(issued.ok()) << issued.error().message;
  EXPECT_EQ(verify(issued->tls_crt, authority->certificate_pem(), {}), X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST(CertificateAuthority, SerialsArePositiveAndRandom) {
  const CertificateAuthority authority = make_authority();
  std::set<std::string> seen;
  int bits_most = 0;
  for (int i = 0; i < 20; ++i) {
    Result<IssuedSecret> issued = authority.issue(server_request());
    ASSERT_TRUE(issued.ok());
    X509Ptr leaf = parsed(issued->tls_crt);
    std::unique_ptr<BIGNUM, OpensslFree<BN_free>> serial(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf.get()), nullptr));
    EXPECT_FALSE(BN_is_negative(serial.get()));
    bits_most = std::max(bits_most, BN_num_bits(serial.get()));
    char* text = BN_bn2hex(serial.get());
    seen.insert(text);
    OPENSSL_free(text);
  }
  EXPECT_EQ(seen.size(), 20u);
  EXPECT_LE(bits_most, 127);
  EXPECT_GT(bits_most, 111);  // that 20 numbers of 127 bits all fail this has a chance of 2^-320
}

TEST(CertificateAuthority, AlternativeNamesAreCriticalWithoutASubject) {
  IssueRequest request = server_request();
  for (const char* name : {"", "a.example.com"}) {
    request.names.common_name = name;
    const CertificateAuthority authority = make_authority();
    Result<IssuedSecret> issued = authority.issue(request);
    ASSERT_TRUE(issued.ok()) << issued.error().message;
    X509Ptr leaf = parsed(issued->tls_crt);
    const int at = X509_get_ext_by_NID(leaf.get(), NID_subject_alt_name, -1);
    ASSERT_GE(at, 0);
    EXPECT_EQ(X509_EXTENSION_get_critical(X509_get_ext(leaf.get(), at)), *name == '\0');
    EXPECT_EQ(verify(issued->tls_crt, issued->ca_crt, {.host = "a.example.com"}), X509_V_OK);
  }
}

TEST(CertificateAuthority, RefusesNamesThatCannotStandInACertificate) {
  const struct {
    CertificateNames names;
    const char* message;
  } cases[] = {
      {{"only-a-cn", {}, {}}, "needs a DNS name or an IP address"},
      {{"x", {"a.example.com,DNS:evil.com"}, {}}, "is not a host name"},
      {{"x", {std::string("a\0.example.com", 14)}, {}}, "is not a host name"},
      {{"x", {"*"}, {}}, "covers no name"},
      {{"x", {"a.*.com"}, {}}, "first label"},
      {{"x", {"f*.com"}, {}}, "first label"},
      {{"x", {""}, {}}, "is empty"},
      {{"x", {"a..b"}, {}}, "empty label"},
      {{"x", {"a.b."}, {}}, "write a.b"},
      {{"x", {"A.b"}, {}}, "write a.b"},
      {{"x", {"-a.b"}, {}}, "hyphen"},
      {{"x", {"10.0.0.1"}, {}}, "IP address"},
      {{"x", {std::string(64, 'a') + ".com"}, {}}, "63 characters"},
      {{"x", {"m\xc3\xbcnchen.de"}, {}}, "xn--"},
      {{"two\nlines", {"a.com"}, {}}, "control characters"},
      {{std::string(65, 'a'), {"a.com"}, {}}, "longer than 64"},
      {{"\xff\xfe", {"a.com"}, {}}, "common name"},
      {{"x", {"a.com"}, {Address()}}, "IP addresses"},
  };
  const CertificateAuthority authority = make_authority();
  for (const auto& c : cases) {
    IssueRequest request;
    request.names = c.names;
    request.validity.duration = day;
    Result<IssuedSecret> issued = authority.issue(request);
    ASSERT_FALSE(issued.ok()) << c.message;
    EXPECT_NE(issued.error().message.find(c.message), std::string::npos) << issued.error().message;
  }
}

TEST(CertificateAuthority, RefusesDurationsThatMakeNoSense) {
  const CertificateAuthority authority = make_authority();
  for (const int days : {0, -1, 31}) {
    IssueRequest request = server_request();
    request.validity.duration = days * day;
    EXPECT_FALSE(authority.issue(request).ok()) << days;
  }
  EXPECT_FALSE(CertificateAuthority::make({"CA", KeyType::EcdsaP256, {}}).ok());
  EXPECT_FALSE(CertificateAuthority::make({"", KeyType::EcdsaP256, {.duration = day}}).ok());
}

}  // namespace
}  // namespace sallyport
