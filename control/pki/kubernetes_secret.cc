#include "control/pki/kubernetes_secret.h"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

namespace sallyport {
namespace {

size_t base64_size(std::string_view text) { return (text.size() + 2) / 3 * 4; }

/// Never allocates: `out` has the room already, so that no copy of a key is left anywhere.
void append(std::vector<char>& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

void append_base64(std::vector<char>& out, std::string_view text) {
  const size_t begin = out.size();
  out.resize(begin + base64_size(text) + 1);  // EVP_EncodeBlock ends it with a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + begin),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  out.pop_back();
}

}  // namespace

SecretText kubernetes_secret(const IssuedSecret& secret, std::string_view name,
                             std::string_view space) {
  const struct {
    std::string_view key, value;
  } entries[] = {
      {"tls.crt", secret.tls_crt}, {"tls.key", secret.tls_key.view()}, {"ca.crt", secret.ca_crt}};
  constexpr size_t kWords = 256;
  size_t most = kWords + name.size() + space.size();
  for (const auto& one : entries) most += base64_size(one.value);
  std::vector<char> yaml;
  yaml.reserve(most);
  append(yaml, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"");
  append(yaml, name);
  if (!space.empty()) append(yaml, "\"\n  namespace: \"");
  append(yaml, space);
  append(yaml, "\"\ntype: kubernetes.io/tls\ndata:\n");
  for (const auto& one : entries) {
    append(yaml, "  ");
    append(yaml, one.key);
    append(yaml, ": ");
    append_base64(yaml, one.value);
    append(yaml, "\n");
  }
  return SecretText(std::move(yaml));
}

bool is_kubernetes_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  const auto edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (;;) {
    const std::string_view label = name.substr(0, name.find('.'));
    const bool good =
        !label.empty() && edge(label.front()) && edge(label.back()) &&
        std::all_of(label.begin(), label.end(), [&](char c) { return edge(c) || c == '-'; });
    if (!good) return false;
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
}

}  // namespace sallyport
