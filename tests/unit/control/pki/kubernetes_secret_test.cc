#include "control/pki/kubernetes_secret.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

IssuedSecret secret() { return {"certificate", SecretText(std::string_view("key")), "authority!"}; }

TEST(KubernetesSecret, HasThePartsInBase64) {
  EXPECT_EQ(kubernetes_secret(secret(), "bank", "prod").view(),
            "apiVersion: v1\n"
            "kind: Secret\n"
            "metadata:\n"
            "  name: \"bank\"\n"
            "  namespace: \"prod\"\n"
            "type: kubernetes.io/tls\n"
            "data:\n"
            "  tls.crt: Y2VydGlmaWNhdGU=\n"
            "  tls.key: a2V5\n"
            "  ca.crt: YXV0aG9yaXR5IQ==\n");
}

TEST(KubernetesSecret, LeavesTheNamespaceOpen) {
  EXPECT_EQ(kubernetes_secret(secret(), "bank", "").view().find("namespace"),
            std::string_view::npos);
}

TEST(KubernetesSecret, IsCalledLikeADnsSubdomain) {
  for (const std::string& name : {std::string("a"), std::string("bank-tls"), std::string("1.b-2.c"),
                                  std::string(253, 'a')}) {
    EXPECT_TRUE(is_kubernetes_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(""), std::string("Bank"), std::string("-a"), std::string("a-"),
        std::string("a..b"), std::string("a."), std::string(".a"), std::string("a_b"),
        std::string("a\"b"), std::string("a\nb"), std::string(254, 'a')}) {
    EXPECT_FALSE(is_kubernetes_name(name)) << name;
  }
}

}  // namespace
}  // namespace sallyport
