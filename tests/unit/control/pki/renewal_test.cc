#include "control/pki/renewal.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <unistd.h>

#include "control/pki/certificate_text.h"
#include "control/pki/secret_folder.h"
#include "dataplane/tls/certificate.h"
#include "tests/unit/control/pki/temporary_folder.h"

namespace sallyport {
namespace {

using Clock = std::chrono::system_clock;
using std::chrono::hours;
using std::chrono::seconds;

constexpr hours kDay{24};
const Clock::time_point kNow = std::chrono::floor<seconds>(Clock::now());

AuthorityFolder make_authority(const std::string& directory, hours duration = 1000 * kDay) {
  AuthorityRequest request{"test CA", KeyType::EcdsaP256, {duration, kNow - 100 * kDay}};
  request.validity.duration += 100 * kDay;  // it began before all certificates here
  Result<AuthorityFolder> folder = AuthorityFolder::create(directory, request);
  EXPECT_TRUE(folder.ok()) << folder.error().message;
  return *std::move(folder);
}

/// For 90 days, `left` of which are left.
IssueRequest server_request(hours left) {
  IssueRequest request;
  request.names = {"a.example.com",
                   {"a.example.com", "*.b.example.com"},
                   {*Address::parse_ip("10.1.2.3"), *Address::parse_ip("2001:db8::7")}};
  request.validity = {90 * kDay, kNow + left - 90 * kDay};
  return request;
}

class RenewalTest : public testing::Test {
 protected:
  std::string secret() const { return root_.path("secret"); }

  void put(const IssueRequest& request) {
    Result<IssuedSecret> issued = authority_.issue(request);
    ASSERT_TRUE(issued.ok()) << issued.error().message;
    ASSERT_TRUE(write_secret_folder(secret(), *issued).ok());
  }
  Renewal renew(seconds before = 30 * kDay) {
    return renew_secret_folder(authority_, secret(), before, kNow);
  }
  X509Ptr certificate() const { return *parse_certificate(root_.read("secret/tls.crt")); }
  std::string contents() const {
    return root_.read("secret/tls.crt") + root_.read("secret/tls.key");
  }
  bool pair_fits() const {
    return Certificate::parse(root_.read("secret/tls.crt"), root_.read("secret/tls.key")).ok();
  }

  TemporaryFolder root_;
  AuthorityFolder authority_ = make_authority(root_.path("ca"));
};

void expect_same(const IssueRequest& a, const IssueRequest& b) {
  EXPECT_EQ(a.names.common_name, b.names.common_name);
  EXPECT_EQ(a.names.dns_names, b.names.dns_names);
  EXPECT_EQ(a.names.ips, b.names.ips);
  EXPECT_EQ(a.use, b.use);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.validity.duration, b.validity.duration);
}

TEST_F(RenewalTest, WhatIsDueIsReplacedByItsLike) {
  const struct {
    KeyType key;
    CertificateUse use;
  } cases[] = {
      {KeyType::EcdsaP256, CertificateUse::Server},
      {KeyType::Rsa2048, CertificateUse::Client},
      {KeyType::Rsa3072, CertificateUse::ServerAndClient},
  };
  for (const auto& c : cases) {
    IssueRequest request = server_request(20 * kDay);
    request.key = c.key;
    request.use = c.use;
    if (c.use == CertificateUse::Client) request.names = {"J\xc3\xb6rg", {}, {}};
    put(request);
    const std::string old_key = root_.read("secret/tls.key");
    const Renewal renewal = renew();
    ASSERT_EQ(renewal.outcome, RenewalOutcome::Renewed) << renewal.words;
    EXPECT_NE(renewal.words.find("it had 20d left"), std::string::npos) << renewal.words;
    EXPECT_NE(root_.read("secret/tls.key"), old_key);
    EXPECT_TRUE(pair_fits());
    const Result<IssueRequest> like = request_like(*certificate());
    ASSERT_TRUE(like.ok()) << like.error().message;
    expect_same(*like, request);
    EXPECT_EQ(time_of(*X509_get0_notAfter(certificate().get())), kNow + 90 * kDay);
    EXPECT_NE(authority_.index().find(IssuedCertificate::of(*certificate()).serial), nullptr);
  }
}

TEST_F(RenewalTest, ACertificateWithoutASubjectStaysWithoutOne) {
  IssueRequest request = server_request(hours(1));
  request.names.common_name = "";
  put(request);
  ASSERT_EQ(renew().outcome, RenewalOutcome::Renewed);
  expect_same(*request_like(*certificate()), request);
}

TEST_F(RenewalTest, IsDueFromTheVerySecond) {
  const struct {
    seconds left;
    RenewalOutcome outcome;
  } cases[] = {
      {90 * kDay, RenewalOutcome::Kept},     {30 * kDay + seconds(1), RenewalOutcome::Kept},
      {30 * kDay, RenewalOutcome::Renewed},  {seconds(0), RenewalOutcome::Renewed},
      {-10 * kDay, RenewalOutcome::Renewed},
  };
  for (const auto& c : cases) {
    IssueRequest request = server_request(hours(0));
    request.validity.now += c.left;
    put(request);
    const std::string before = contents();
    const Renewal renewal = renew();
    EXPECT_EQ(renewal.outcome, c.outcome) << c.left.count() << ": " << renewal.words;
    EXPECT_EQ(contents() == before, c.outcome == RenewalOutcome::Kept) << c.left.count();
  }
}

TEST_F(RenewalTest, SaysOfShortLivesThatTheyAreAlwaysDue) {
  put(server_request(20 * kDay));
  EXPECT_EQ(renew(89 * kDay).words.find("due again at once"), std::string::npos);
  EXPECT_NE(renew(90 * kDay).words.find("due again at once"), std::string::npos);
}

TEST_F(RenewalTest, APairTornBetweenTwoRenamesIsMadeWhole) {
  put(server_request(80 * kDay));
  root_.write("secret/tls.key", std::string(authority_.authority().key_pem()->view()));
  ASSERT_FALSE(pair_fits());
  const Renewal renewal = renew();
  EXPECT_EQ(renewal.outcome, RenewalOutcome::Renewed);
  EXPECT_NE(renewal.words.find("does not fit"), std::string::npos) << renewal.words;
  EXPECT_TRUE(pair_fits());
}

TEST_F(RenewalTest, LeavesTheAuthoritiesOfTheFolderAlone) {
  put(server_request(hours(1)));
  root_.write("secret/ca.crt", "partners");
  root_.write("secret/ca.crl", "list");
  ASSERT_EQ(renew().outcome, RenewalOutcome::Renewed);
  EXPECT_EQ(root_.read("secret/ca.crt"), "partners");
  EXPECT_EQ(root_.read("secret/ca.crl"), "list");
}

TEST_F(RenewalTest, WhoeverReadTheOldKeyReadsTheNewOne) {
  put(server_request(hours(1)));
  ASSERT_EQ(::chmod(root_.path("secret/tls.key").c_str(), 0640), 0);
  const bool root = ::geteuid() == 0;
  constexpr uid_t kSomebody = 4711;
  if (root) {
    ASSERT_EQ(::chown(root_.path("secret/tls.key").c_str(), kSomebody, kSomebody), 0);
  }
  ASSERT_EQ(renew().outcome, RenewalOutcome::Renewed);
  EXPECT_EQ(root_.mode("secret/tls.key"), 0640u);
  struct stat about {};
  ASSERT_EQ(::stat(root_.path("secret/tls.key").c_str(), &about), 0);
  EXPECT_EQ(about.st_uid, root ? kSomebody : ::geteuid());
  EXPECT_EQ(about.st_gid, root ? kSomebody : ::getegid());
}

TEST_F(RenewalTest, ARevokedCertificateIsNotBroughtBack) {
  put(server_request(hours(1)));
  const std::string before = contents();
  ASSERT_TRUE(
      authority_.revoke(IssuedCertificate::of(*certificate()).serial, "keyCompromise").ok());
  const Renewal renewal = renew();
  EXPECT_EQ(renewal.outcome, RenewalOutcome::Left);
  EXPECT_NE(renewal.words.find("revoked"), std::string::npos) << renewal.words;
  EXPECT_EQ(contents(), before);
}

TEST_F(RenewalTest, AnotherAuthoritysCertificateIsNotOurs) {
  AuthorityFolder other = make_authority(root_.path("other"));  // of the same name
  Result<IssuedSecret> issued = other.issue(server_request(hours(1)));
  ASSERT_TRUE(write_secret_folder(secret(), *issued).ok());
  const std::string before = contents();
  const Renewal renewal = renew();
  EXPECT_EQ(renewal.outcome, RenewalOutcome::Left);
  EXPECT_NE(renewal.words.find("issued by CN=test CA, not by this authority"), std::string::npos)
      << renewal.words;
  EXPECT_EQ(contents(), before);
}

TEST_F(RenewalTest, FailsWithoutAKeyOrACertificate) {
  EXPECT_EQ(renew().outcome, RenewalOutcome::Failed);
  put(server_request(hours(1)));
  std::filesystem::remove(root_.path("secret/tls.key"));
  EXPECT_EQ(renew().outcome, RenewalOutcome::Failed);
  EXPECT_FALSE(std::filesystem::exists(root_.path("secret/tls.key")));
  root_.write("secret/tls.crt", "no certificate");
  EXPECT_EQ(renew().outcome, RenewalOutcome::Failed);
  EXPECT_EQ(root_.read("secret/tls.crt"), "no certificate");
}

TEST(Renewal, EndsWithItsAuthority) {
  TemporaryFolder root;
  AuthorityFolder authority = make_authority(root.path("ca"), 40 * kDay);
  const std::string secret = root.path("secret");
  Result<IssuedSecret> issued = authority.issue(server_request(20 * kDay));
  ASSERT_TRUE(write_secret_folder(secret, *issued).ok());

  const Renewal cut = renew_secret_folder(authority, secret, 30 * kDay, kNow);
  ASSERT_EQ(cut.outcome, RenewalOutcome::Renewed) << cut.words;
  EXPECT_NE(cut.words.find("its authority ends"), std::string::npos) << cut.words;
  const X509Ptr certificate = *parse_certificate(root.read("secret/tls.crt"));
  EXPECT_EQ(time_of(*X509_get0_notAfter(certificate.get())), authority.authority().end());

  // From then on no renewal could win anything.
  const std::string before = root.read("secret/tls.crt");
  const Renewal over = renew_secret_folder(authority, secret, 30 * kDay, kNow + 20 * kDay);
  EXPECT_EQ(over.outcome, RenewalOutcome::Failed);
  EXPECT_NE(over.words.find("make a new one"), std::string::npos) << over.words;
  EXPECT_EQ(root.read("secret/tls.crt"), before);
}

TEST(Renewal, OfNamesThatWeDoNotIssueIsRefused) {
  Result<CertificateAuthority> authority =
      CertificateAuthority::make({"CA", KeyType::EcdsaP256, {100 * kDay}});
  Result<IssuedSecret> issued = authority->issue(server_request(90 * kDay));
  ASSERT_TRUE(issued.ok()) << issued.error().message;
  X509Ptr certificate = *parse_certificate(issued->tls_crt);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("Partners"), -1, -1, 0);
  const Result<IssueRequest> like = request_like(*certificate);
  ASSERT_FALSE(like.ok());
  EXPECT_NE(like.error().message.find("O=Partners"), std::string::npos) << like.error().message;
  // An authority's own certificate is for none of our uses.
  EXPECT_FALSE(request_like(authority->certificate()).ok());
}

TEST(Renewal, FindsTheFoldersOfSecrets) {
  TemporaryFolder root;
  for (const char* file : {"tls.crt", "b/tls.crt", "a/deep/tls.crt", "clients/ca.crt",
                           "mounted/..2026_11_21/tls.crt", ".hidden/tls.crt"}) {
    root.write(file, "x");
  }
  std::filesystem::create_directory_symlink(root.path("a"), root.path("link"));
  const auto found = find_secret_folders(root.path());
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(*found, (std::vector<std::string>{root.path(), root.path("a/deep"), root.path("b")}));
  EXPECT_FALSE(find_secret_folders(root.path("nowhere")).ok());
}

}  // namespace
}  // namespace sallyport
