#include "dataplane/tls/client_proof.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/dataplane/tls/client_certificates.h"

namespace sallyport {
namespace {

ClientDemandPtr demand_of(const CertificateAuthority& trusted, VerifyClient verify) {
  auto demand = std::make_shared<ClientDemand>();
  demand->verify = verify;
  demand->trust = *ClientTrust::make(trusted.certificate_pem(), "", 1, CrlCheck::Auto);
  return demand;
}

TEST(ClientProof, IsJudgedAlikeWithAndWithoutWhatWasDecoded) {
  CertificateAuthority ours = authority_of_clients("ours"), theirs = authority_of_clients("theirs");
  for (const CertificateAuthority* issuer : {&ours, &theirs}) {
    X509Ptr alice = client_certificate(*issuer, "alice");
    for (VerifyClient verify : {VerifyClient::Required, VerifyClient::OptionalNoCa}) {
      ClientProof decoded, encoded;
      decoded.show(alice.get(), nullptr);
      encoded.show(alice.get(), nullptr);
      encoded.forget_decoded();
      encoded.forget_decoded();
      EXPECT_TRUE(encoded.shown());
      // Whoever is good is known to the next who asks: only the first must look into certificates.
      const ClientIdentity& other = encoded.judged_by(demand_of(ours, verify));
      const ClientIdentity& one = decoded.judged_by(demand_of(ours, verify));
      EXPECT_EQ(one.verdict, issuer == &ours ? ClientVerdict::Good : ClientVerdict::UnknownIssuer);
      EXPECT_EQ(other.verdict, one.verdict);
      EXPECT_EQ(other.let_in, one.let_in);
      EXPECT_EQ(other.common_name, "alice");
      EXPECT_EQ(other.fields, one.fields);
    }
  }
}

TEST(ClientProof, WithoutACertificateShowsNobody) {
  CertificateAuthority ours = authority_of_clients("ours");
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
