// Objects of a cluster for tests, made from words.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "control/kube/objects.h"
#include "control/pki/certificate_authority.h"
#include "control/pki/revocation_list.h"

namespace sallyport::kube {

/// An authority, and Secrets with what it issues. Keys are made once for all tests.
class TestPki {
 public:
  static const CertificateAuthority& authority() {
    static const CertificateAuthority made = *CertificateAuthority::make(
        {"Test CA", KeyType::EcdsaP256, {.duration = std::chrono::hours(24 * 365)}});
    return made;
  }

  /// A certificate for `name`, always the same within a process.
  static const IssuedSecret& issued(const std::string& name, bool expired = false) {
    static std::map<std::string, IssuedSecret> all;
    std::string key = (expired ? "!" : "") + name;
    auto known = all.find(key);
    if (known != all.end()) return known->second;
    IssueRequest request;
    request.names.dns_names = {name};
    request.use = CertificateUse::ServerAndClient;
    request.validity.duration = std::chrono::hours(24);
    if (expired) request.validity.now -= std::chrono::hours(48);
    auto made = authority().issue(request);
    EXPECT_TRUE(made.ok()) << name << ": " << made.error().message;
    return all.emplace(key, std::move(*made)).first->second;
  }

  /// What the Secret has is said in words: "tls:NAME", "expired:NAME", "mismatch", "ca", "crl",
  /// "junkcrl", "junk", "empty", with '+' between.
  static ObjectPtr secret(const ObjectName& name, const std::string& what) {
    Object object;
    object.name = name;
    Secret secret;
    secret.type = "kubernetes.io/tls";
    std::string rest = what;
    while (!rest.empty()) {
      size_t end = std::min(rest.find('+'), rest.size());
      fill(secret.data, rest.substr(0, end));
      rest.erase(0, std::min(end + 1, rest.size()));
    }
    object.body = std::move(secret);
    return std::make_shared<const Object>(std::move(object));
  }

 private:
  static void fill(SecretData& data, const std::string& word) {
    if (word.starts_with("tls:")) {
      const IssuedSecret& made = issued(word.substr(4));
      data.tls_crt = made.tls_crt;
      data.tls_key = std::string(made.tls_key.view());
    } else if (word.starts_with("expired:")) {
      const IssuedSecret& made = issued(word.substr(8), true);
      data.tls_crt = made.tls_crt;
      data.tls_key = std::string(made.tls_key.view());
    } else if (word == "crl") {
      static const std::string list = *make_revocation_list(
          authority(), IssuedIndex(), 1, Validity{.duration = std::chrono::hours(24)});
      data.ca_crl = list;
    } else if (word == "junkcrl") {
      data.ca_crl = "junk";
    } else if (word == "ca") {
      data.ca_crt = authority().certificate_pem();
    } else if (word == "junk") {
      data.tls_crt = data.tls_key = data.ca_crt = "junk";
    } else if (word == "mismatch") {
      data.tls_crt = issued("one.example.com").tls_crt;
      data.tls_key = std::string(issued("two.example.com").tls_key.view());
    } else {
      EXPECT_EQ(word, "empty");
    }
  }
};

}  // namespace sallyport::kube
