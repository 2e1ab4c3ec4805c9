#include "dataplane/tls/client_proof.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

#include "control/pki/certificate_authority.h"

namespace sallyport {
namespace {

CertificateAuthority authority(const std::string& name) {
  AuthorityRequest request;
  request.common_name = name;
  request.validity.duration = std::chrono::hours(1);
  return std::move(*CertificateAuthority::make(request));
}

X509Ptr client_of(const CertificateAuthority& by) {
  IssueRequest request;
  request.names.common_name = "alice";
  request.use = CertificateUse::Client;
  request.validity.duration = std::chrono::minutes(30);
  std::string pem = by.issue(request)->tls_crt;
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

ClientDemandPtr demand_of(const CertificateAuthority& trusted, VerifyClient verify) {
  auto demand = std::make_shared<ClientDemand>();
  demand->verify = verify;
  demand->trust = *ClientTrust::make(trusted.certificate_pem(), "", 1, CrlCheck::Auto);
  return demand;
}

TEST(ClientProof, IsJudgedAlikeWithAndWithoutWhatWasDecoded) {
  CertificateAuthority ours = authority("ours"), theirs = authority("theirs");
  for (const CertificateAuthority* issuer : {&ours, &theirs}) {
    X509Ptr alice = client_of(*issuer);
    for (VerifyClient verify : {VerifyClient::Required, VerifyClient::OptionalNoCa}) {
      ClientProof decoded, encoded;
      decoded.show(alice.get(), nullptr);
      encoded.show(alice.get(), nullptr);
      encoded.forget_decoded();
      encoded.forget_decoded();
      EXPECT_TRUE(encoded.shown());
      // Two demands: who is good is remembered by the first.
      const ClientIdentity& one = decoded.judged_by(demand_of(ours, verify));
      const ClientIdentity& other = encoded.judged_by(demand_of(ours, verify));
      EXPECT_EQ(one.verdict, issuer == &ours ? ClientVerdict::Good : ClientVerdict::UnknownIssuer);
      EXPECT_EQ(other.verdict, one.verdict);
      EXPECT_EQ(other.let_in, one.let_in);
      EXPECT_EQ(other.common_name, "alice");
      EXPECT_EQ(other.fields, one.fields);
    }
  }
}

TEST(ClientProof, WithoutACertificateShowsNobody) {
  CertificateAuthority ours = authority("ours");
  ClientProof proof;
  proof.show(nullptr, nullptr);
  proof.forget_decoded();
  EXPECT_FALSE(proof.shown());
  const ClientIdentity& nobody = proof.judged_by(demand_of(ours, VerifyClient::Required));
  EXPECT_EQ(nobody.verdict, ClientVerdict::None);
  EXPECT_FALSE(nobody.let_in);
}

TEST(ClientProof, IsTakenFromTheConnectionOnce) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  SslPtr ssl(SSL_new(context.get()));
  EXPECT_EQ(ClientProof::take(ssl.get()), nullptr);
  ClientProof::attach(ssl.get());
  ClientProof* in = ClientProof::in(ssl.get());
  std::unique_ptr<ClientProof> taken = ClientProof::take(ssl.get());
  EXPECT_EQ(taken.get(), in);
  EXPECT_EQ(ClientProof::in(ssl.get()), nullptr);
  ssl.reset();
  EXPECT_FALSE(taken->shown());
}

}  // namespace
}  // namespace sallyport
