#include "dataplane/tls/session_peer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "control/pki/certificate_authority.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/der.h"

namespace sallyport {
namespace {

std::string secret_of(const SSL_SESSION* session) {
  unsigned char secret[SSL_MAX_MASTER_KEY_LENGTH];
  size_t size = SSL_SESSION_get_master_key(session, secret, sizeof secret);
  return {reinterpret_cast<char*>(secret), size};
}

std::string encoding_of(const SSL_SESSION* session) {
  std::string all(static_cast<size_t>(i2d_SSL_SESSION(session, nullptr)), '\0');
  auto* at = reinterpret_cast<unsigned char*>(all.data());
  i2d_SSL_SESSION(session, &at);
  return all;
}

// A client's session, in which the peer is the server.
class SessionPeerTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    AuthorityRequest ca;
    ca.common_name = "ours";
    ca.validity.duration = std::chrono::hours(1);
    IssueRequest request;
    request.names.dns_names = {"shop.example.com"};
    request.validity.duration = std::chrono::minutes(30);
    auto issued = *CertificateAuthority::make(ca)->issue(request);
    auto certificate = *Certificate::parse(issued.tls_crt, issued.tls_key.view());

    SslCtxPtr server_context(SSL_CTX_new(TLS_server_method()));
    SslCtxPtr client_context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(client_context.get(), GetParam());
    SslPtr server(SSL_new(server_context.get()));
    client_.reset(SSL_new(client_context.get()));
    ASSERT_TRUE(certificate->use_in(server.get()));
    BIO *near = nullptr, *far = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&near, 64 * 1024, &far, 64 * 1024), 1);
    SSL_set_bio(client_.get(), near, near);
    SSL_set_bio(server.get(), far, far);
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server.get());
    for (int i = 0; i < 4; ++i) {
      SSL_do_handshake(client_.get());
      SSL_do_handshake(server.get());
    }
    ASSERT_TRUE(SSL_is_init_finished(client_.get()) && SSL_is_init_finished(server.get()));
    char none = 0;
    SSL_read(client_.get(), &none, 1);  // the tickets of TLS 1.3
    session_ = SSL_get_session(client_.get());
    ASSERT_FALSE(secret_of(session_).empty());
  }
  SslPtr client_;
  SSL_SESSION* session_ = nullptr;
};

TEST_P(SessionPeerTest, TheCertificateIsForgottenAndNothingElse) {
  ASSERT_TRUE(SSL_SESSION_get0_peer(session_));
  ASSERT_EQ(SSL_SESSION_set1_ticket_appdata(session_, "kept", 4), 1);
  ASSERT_EQ(SSL_SESSION_set1_hostname(session_, "shop.example.com"), 1);
  std::string secret = secret_of(session_), before = encoding_of(session_);
  std::time_t timeout = SSL_SESSION_get_timeout(session_);

  ASSERT_TRUE(forget_peer(session_));
  EXPECT_EQ(SSL_SESSION_get0_peer(session_), nullptr);
  EXPECT_EQ(SSL_get_session(client_.get()), session_);
  EXPECT_EQ(secret_of(session_), secret);
  EXPECT_EQ(SSL_SESSION_get_timeout(session_), timeout);
  EXPECT_EQ(SSL_SESSION_get_protocol_version(session_), GetParam());
  EXPECT_STREQ(SSL_SESSION_get0_hostname(session_), "shop.example.com");
  void* data = nullptr;
  size_t size = 0;
  SSL_SESSION_get0_ticket_appdata(session_, &data, &size);
  EXPECT_EQ(std::string_view(static_cast<char*>(data), size), "kept");
  std::string after = encoding_of(session_);
  // One piece is missing, and all else stands as it stood.
  std::string_view was = *Der(before).take(Der::kSequence), is = *Der(after).take(Der::kSequence);
  ASSERT_LT(is.size(), was.size());
  auto head = std::mismatch(is.begin(), is.end(), was.begin()).first - is.begin();
  EXPECT_TRUE(was.ends_with(is.substr(static_cast<size_t>(head))));
}

TEST_P(SessionPeerTest, ASessionWithoutOneStaysAsItIs) {
  ASSERT_TRUE(forget_peer(session_));
  std::string before = encoding_of(session_);
  EXPECT_TRUE(forget_peer(session_));
  EXPECT_EQ(encoding_of(session_), before);
}

INSTANTIATE_TEST_SUITE_P(Versions, SessionPeerTest,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

}  // namespace
}  // namespace sallyport
