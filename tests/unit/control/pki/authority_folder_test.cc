#include "control/pki/authority_folder.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <iterator>
#include <thread>
#include <vector>

#include "control/pki/certificate_text.h"
#include "control/pki/pem.h"
#include "tests/unit/control/pki/temporary_folder.h"

namespace sallyport {
namespace {

using std::chrono::hours;

AuthorityRequest authority_request() { return {"test CA", KeyType::EcdsaP256, {hours(48)}}; }

IssueRequest server_request() {
  IssueRequest request;
  request.names = {"a.example.com", {"a.example.com"}, {}};
  request.validity.duration = hours(1);
  return request;
}

AuthorityFolder create(const std::string& directory) {
  Result<AuthorityFolder> folder = AuthorityFolder::create(directory, authority_request());
  EXPECT_TRUE(folder.ok()) << folder.error().message;
  return *std::move(folder);
}

AuthorityFolder open(const std::string& directory) {
  Result<AuthorityFolder> folder = AuthorityFolder::open(directory);
  EXPECT_TRUE(folder.ok()) << folder.error().message;
  return *std::move(folder);
}

std::string issue(AuthorityFolder& folder) {
  Result<IssuedSecret> secret = folder.issue(server_request());
  EXPECT_TRUE(secret.ok()) << secret.error().message;
  return serial_text(*X509_get0_serialNumber(parse_certificate(secret->tls_crt)->get()));
}

X509CrlPtr parse_list(const std::string& pem) {
  BioPtr text = pem_reader(pem);
  X509CrlPtr list(PEM_read_bio_X509_CRL(text.get(), nullptr, no_passphrase, nullptr));
  EXPECT_NE(list, nullptr);
  return list;
}

int64_t number_of(X509_CRL& list) {
  auto* number =
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(&list, NID_crl_number, nullptr, nullptr));
  int64_t value = -1;
  EXPECT_NE(number, nullptr);
  ASN1_INTEGER_get_int64(&value, number);
  ASN1_INTEGER_free(number);
  return value;
}

TEST(AuthorityFolder, OnlyItsOwnerReadsTheKeyAndTheFolder) {
  TemporaryFolder root;
  create(root.path("deep/ca/"));
  EXPECT_EQ(root.mode("deep/ca"), 0700u);
  EXPECT_EQ(root.mode("deep/ca/ca.key"), 0600u);
  EXPECT_EQ(root.read("deep/ca/index.txt"), "");
}

TEST(AuthorityFolder, IsTheSameAfterItIsOpenedAgain) {
  TemporaryFolder root;
  std::string serial, pem;
  {
    AuthorityFolder made = create(root.path("ca"));
    serial = issue(made);
    pem = made.authority().certificate_pem();
  }
  AuthorityFolder folder = open(root.path("ca"));
  EXPECT_EQ(folder.authority().certificate_pem(), pem);
  ASSERT_EQ(folder.index().all().size(), 1u);
  EXPECT_EQ(folder.index().all().front().serial, serial);
  Result<IssuedSecret> secret = folder.issue(server_request());
  ASSERT_TRUE(secret.ok());
  EXPECT_TRUE(folder.authority().has_issued(**parse_certificate(secret->tls_crt)));
  EXPECT_EQ(secret->ca_crt, pem);
}

TEST(AuthorityFolder, IsNeverOverwritten) {
  for (const char* file : {"ca.crt", "ca.key", "index.txt", "ca.crl", "crlnumber"}) {
    TemporaryFolder root;
    root.write(std::string("ca/") + file, "precious");
    const auto made = AuthorityFolder::create(root.path("ca"), authority_request());
    ASSERT_FALSE(made.ok()) << file;
    EXPECT_NE(made.error().message.find(file), std::string::npos) << made.error().message;
    EXPECT_EQ(root.read(std::string("ca/") + file), "precious");
    const auto entries = std::filesystem::directory_iterator(root.path("ca"));
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
  }
}

TEST(AuthorityFolder, NoCertificateIsLostWhenManyIssueAtOnce) {
  TemporaryFolder root;
  create(root.path("ca"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        AuthorityFolder folder = open(root.path("ca"));
        const std::string serial = issue(folder);
        const bool revoked = n == 0 && folder.revoke(serial, "superseded").ok();
        EXPECT_EQ(revoked, n == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const AuthorityFolder folder = open(root.path("ca"));
  EXPECT_EQ(folder.index().all().size(), 20u);
  EXPECT_EQ(std::count_if(folder.index().all().begin(), folder.index().all().end(),
                          [](const auto& one) { return one.status == 'R'; }),
            4);
}

TEST(AuthorityFolder, ListNamesTheRevokedAndCountsUp) {
  TemporaryFolder root;
  std::string revoked, good;
  {
    AuthorityFolder folder = create(root.path("ca"));
    revoked = issue(folder);
    good = issue(folder);
    ASSERT_TRUE(folder.revoke(revoked, "keyCompromise").ok());
    ASSERT_FALSE(*folder.revoke(revoked, "superseded"));
  }
  AuthorityFolder folder = open(root.path("ca"));
  const auto now = std::chrono::system_clock::now();
  for (const int64_t number : {1, 2, 3}) {
    const auto written = folder.write_revocation_list({hours(24), now});
    ASSERT_TRUE(written.ok()) << written.error().message;
    EXPECT_EQ(root.read("ca/ca.crl"), written->pem);
    X509CrlPtr list = parse_list(written->pem);
    EXPECT_EQ(number_of(*list), number);
    EXPECT_EQ(X509_CRL_get_version(list.get()), X509_CRL_VERSION_2);
    EXPECT_GE(X509_CRL_get_ext_by_NID(list.get(), NID_authority_key_identifier, -1), 0);
    EXPECT_EQ(X509_CRL_verify(list.get(), X509_get0_pubkey(&folder.authority().certificate())), 1);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
    EXPECT_EQ(time_of(*X509_CRL_get0_lastUpdate(list.get())), seconds - kClockSkewMax);
    EXPECT_EQ(time_of(*X509_CRL_get0_nextUpdate(list.get())), seconds + hours(24));
    ASSERT_EQ(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list.get())), 1);
    X509_REVOKED* entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(list.get()), 0);
    EXPECT_EQ(serial_text(*X509_REVOKED_get0_serialNumber(entry)), revoked);
    auto* reason = static_cast<ASN1_ENUMERATED*>(
        X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr));
    ASSERT_NE(reason, nullptr);
    EXPECT_EQ(ASN1_ENUMERATED_get(reason), CRL_REASON_KEY_COMPROMISE);
    ASN1_ENUMERATED_free(reason);
  }
  EXPECT_EQ(root.read("ca/crlnumber"), "04\n");
}

TEST(AuthorityFolder, EveryReasonThatCanBeAskedForStandsInTheList) {
  TemporaryFolder root;
  AuthorityFolder folder = create(root.path("ca"));
  for (const char* reason : kRevocationReasons) {
    ASSERT_TRUE(folder.revoke(issue(folder), reason).ok());
  }
  const auto written = folder.write_revocation_list({hours(24)});
  ASSERT_TRUE(written.ok()) << written.error().message;
  X509CrlPtr list = parse_list(written->pem);
  EXPECT_EQ(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(list.get())),
            static_cast<int>(std::size(kRevocationReasons)));
}

TEST(AuthorityFolder, ANumberOfAListIsNeverUsedTwice) {
  TemporaryFolder root;
  AuthorityFolder folder = create(root.path("ca"));
  ASSERT_TRUE(folder.write_revocation_list({hours(24)}).ok());
  std::filesystem::remove(root.path("ca/crlnumber"));
  EXPECT_FALSE(folder.write_revocation_list({hours(24)}).ok());
  for (const char* bad : {"", "x", "-1", "0x1", "1 ", "FFFFFFFFFFFFFFFF", "10000000000000000"}) {
    root.write("ca/crlnumber", bad);
    EXPECT_FALSE(folder.write_revocation_list({hours(24)}).ok()) << bad;
  }
  root.write("ca/crlnumber", "FE\n");
  ASSERT_TRUE(folder.write_revocation_list({hours(24)}).ok());
  EXPECT_EQ(root.read("ca/crlnumber"), "FF\n");
  EXPECT_EQ(number_of(*parse_list(root.read("ca/ca.crl"))), 0xFE);
  ASSERT_TRUE(folder.write_revocation_list({hours(24)}).ok());
  EXPECT_EQ(root.read("ca/crlnumber"), "0100\n");  // as the openssl program reads it
}

TEST(AuthorityFolder, MayHaveBeenMadeByOtherMeans) {
  TemporaryFolder root;
  create(root.path("ca"));
  for (const char* file : {"index.txt", "index.txt.attr"}) {
    std::filesystem::remove(root.path(std::string("ca/") + file));
  }
  const std::string serial = [&] {
    AuthorityFolder folder = open(root.path("ca"));
    return issue(folder);
  }();
  EXPECT_NE(open(root.path("ca")).index().find(serial), nullptr);
  EXPECT_EQ(root.read("ca/index.txt.attr"), "unique_subject = no\n");
}

TEST(AuthorityFolder, RefusesWhatIsNoAuthority) {
  TemporaryFolder root;
  std::string leaf;
  {
    AuthorityFolder folder = create(root.path("ca"));
    leaf = folder.issue(server_request())->tls_crt;
    create(root.path("other"));
  }
  const struct {
    const char* file;
    std::string text;
    const char* message;
  } cases[] = {
      {"ca.crt", "", "no PEM certificate"},
      {"ca.crt", leaf, "no certificate of an authority"},
      {"ca.crt", root.read("other/ca.crt"), "does not fit"},
      {"ca.key", "", "no PEM private key"},
      {"ca.key", root.read("other/ca.key"), "does not fit"},
      {"index.txt", "V\n", "line 1"},
  };
  for (const auto& c : cases) {
    const std::string file = std::string("ca/") + c.file;
    const std::string before = root.read(file);
    root.write(file, c.text);
    const auto opened = AuthorityFolder::open(root.path("ca"));
    ASSERT_FALSE(opened.ok()) << c.message;
    EXPECT_NE(opened.error().message.find(c.message), std::string::npos) << opened.error().message;
    EXPECT_NE(opened.error().message.find(root.path("ca")), std::string::npos);
    root.write(file, before);
  }
  EXPECT_TRUE(AuthorityFolder::open(root.path("ca")).ok());
  EXPECT_FALSE(AuthorityFolder::open(root.path("nowhere")).ok());
}

TEST(AuthorityFolder, RefusesAnAuthorityBelowAnother) {
  // Its certificates would need it as part of their chain.
  TemporaryFolder root;
  create(root.path("ca"));
  const Result<CertificateAuthority> other =
      CertificateAuthority::make({"other", KeyType::EcdsaP256, {hours(48)}});
  ASSERT_TRUE(other.ok());
  X509Ptr crossed(X509_dup(&other->certificate()));
  const Result<CertificateAuthority> above =
      CertificateAuthority::parse(root.read("ca/ca.crt"), root.read("ca/ca.key"));
  ASSERT_TRUE(above.ok());
  X509_set_issuer_name(crossed.get(), X509_get_subject_name(&above->certificate()));
  const std::string key_text = root.read("ca/ca.key");
  BioPtr text = pem_reader(key_text);
  EvpPkeyPtr key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  ASSERT_GT(X509_sign(crossed.get(), key.get(), EVP_sha256()), 0);
  const auto parsed =
      CertificateAuthority::parse(*certificate_pem(*crossed), other->key_pem()->view());
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.error().message.find("not self-signed"), std::string::npos);
}

}  // namespace
}  // namespace sallyport
