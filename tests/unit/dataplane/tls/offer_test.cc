#include "dataplane/tls/offer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dataplane/tls/policy.h"

namespace sallyport {
namespace {

TlsOffer offer(std::vector<std::string> ciphers, std::vector<std::string> groups = {}) {
  TlsOffer made;
  for (std::string& name : ciphers) made.ciphers.push_back({std::move(name), {"edge.yaml", 1, 1}});
  for (std::string& name : groups) made.groups.push_back({std::move(name), {"edge.yaml", 2, 1}});
  return made;
}

Problems problems_of(TlsOffer offer) {
  Config config;
  SiteConfig site;
  site.offer = offer;
  config.sites.push_back(site);
  ServiceConfig service;
  service.tls.emplace().offer = std::move(offer);
  config.services.push_back(service);
  Problems problems;
  check_offers(config, problems);
  return problems;
}

bool is_known(const TlsOffer& offer) {
  Problems problems;
  return check_offer(offer, problems);
}

std::string ciphers_of(const TlsOffer& offer, TlsVersion least = TlsVersion::V1_2) {
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  apply_policy(context.get(), {least, TlsVersion::V1_3, offer});
  std::string names;
  STACK_OF(SSL_CIPHER)* all = SSL_CTX_get_ciphers(context.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    names += std::string(i ? " " : "") + SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i));
  }
  return names;
}

TEST(Offer, DefaultIsMozillasIntermediate) {
  EXPECT_EQ(ciphers_of({}),
            "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 "
            "ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256 "
            "ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 "
            "ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305");
}

TEST(Offer, NamesOfOneVersionLeaveTheOtherAsItWas) {
  EXPECT_EQ(ciphers_of(offer({"ECDHE-RSA-AES256-GCM-SHA384"})),
            "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 "
            "ECDHE-RSA-AES256-GCM-SHA384");
  EXPECT_TRUE(ciphers_of(offer({"TLS_CHACHA20_POLY1305_SHA256"}))
                  .starts_with("TLS_CHACHA20_POLY1305_SHA256 ECDHE-ECDSA-AES128-GCM-SHA256 "));
}

TEST(Offer, KnownNamesAreNoProblem) {
  TlsOffer known = offer({"DHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"},
                         {"X25519", "P-256", "secp384r1", "ffdhe3072"});
  EXPECT_TRUE(is_known(known));
  EXPECT_TRUE(problems_of(known).empty());
  EXPECT_NE(ciphers_of(known).find("DHE-RSA-AES128-GCM-SHA256"), std::string::npos);
}

TEST(Offer, EachUnknownNameIsToldAtItsPlaceForSitesAndServices) {
  Problems problems = problems_of(offer({"ECDHE-RSA-AES128-GCM-SHA265"}, {"P-265"}));
  ASSERT_EQ(problems.size(), 4u);
  EXPECT_NE(problems[0].text().find("edge.yaml:1:1: \"ECDHE-RSA-AES128-GCM-SHA265\" is no cipher"),
            std::string::npos)
      << problems[0].text();
  EXPECT_NE(problems[0].text().find("did you mean \"ECDHE-RSA-AES128-GCM-SHA256\"?"),
            std::string::npos);
  EXPECT_NE(problems[1].text().find("edge.yaml:2:1: \"P-265\" is no group"), std::string::npos);
  EXPECT_NE(problems[1].text().find("X25519"), std::string::npos) << problems[1].text();
}

// Without forward secrecy, authentication or encryption; words of OpenSSL's lists; other versions'.
TEST(Offer, WhatKeepsNothingSecretIsRefused) {
  for (const char* name : {"AES128-GCM-SHA256", "AES128-SHA", "ADH-AES128-GCM-SHA256",
                           "NULL-SHA256", "PSK-AES128-GCM-SHA256", "DHE-PSK-AES128-GCM-SHA256",
                           "DES-CBC3-SHA", "RC4-SHA", "HIGH", "ALL", "DEFAULT", "kRSA",
                           "TLS_AES_128_CCM_8_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"}) {
    EXPECT_FALSE(is_known(offer({name}))) << name;
  }
  for (const char* name : {"secp192r1", "sect163k1", "ffdhe1024", "DEFAULT", "x", "P-224"}) {
    EXPECT_FALSE(is_known(offer({}, {name}))) << name;
  }
}

TEST(Offer, CiphersOfTls12GoWithTheKindOfKey) {
  EXPECT_TRUE(offers_tls_1_2_for({}, true));
  EXPECT_TRUE(offers_tls_1_2_for({}, false));
  EXPECT_TRUE(offers_tls_1_2_for(offer({"TLS_AES_128_GCM_SHA256"}), false));
  TlsOffer rsa = offer({"ECDHE-RSA-AES128-GCM-SHA256"});
  EXPECT_TRUE(offers_tls_1_2_for(rsa, true));
  EXPECT_FALSE(offers_tls_1_2_for(rsa, false));
  TlsOffer ecdsa = offer({"ECDHE-ECDSA-AES128-GCM-SHA256"});
  EXPECT_FALSE(offers_tls_1_2_for(ecdsa, true));
  EXPECT_TRUE(offers_tls_1_2_for(ecdsa, false));
}

// Sessions and pooled connections must not cross policies.
TEST(Offer, PoliciesWithOtherOffersHaveOtherKeys) {
  HandshakePolicy plain;
  std::vector<std::string> keys;
  for (const HandshakePolicy& policy :
       {plain, HandshakePolicy{TlsVersion::V1_3, TlsVersion::V1_3, {}},
        HandshakePolicy{TlsVersion::V1_2, TlsVersion::V1_2, {}},
        HandshakePolicy{TlsVersion::V1_2, TlsVersion::V1_3, offer({"TLS_AES_128_GCM_SHA256"})},
        HandshakePolicy{TlsVersion::V1_2, TlsVersion::V1_3, offer({}, {"X25519"})},
        HandshakePolicy{TlsVersion::V1_2, TlsVersion::V1_3, offer({}, {"P-256"})}}) {
    keys.push_back(policy.key());
  }
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::unique(keys.begin(), keys.end()), keys.end());
  EXPECT_EQ(plain.key(), HandshakePolicy{}.key());
}

}  // namespace
}  // namespace sallyport
