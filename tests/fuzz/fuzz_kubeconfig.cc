#include <cstddef>
#include <cstdint>

#include "control/kube/access.h"
#include "control/kube/exec_credential.h"
#include "dataplane/base/bytes.h"
#include "dataplane/base/check.h"

// Files that it names are read, or not found; nothing is run and nobody is asked.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sallyport::kube;
  std::string_view text = sallyport::as_text({data, size});
  auto access = read_kubeconfig(text, "kubeconfig", "");
  if (access) {
    CHECK(access->server.starts_with("https://"));
    CHECK(access->client_crt.empty() == access->client_key.empty());
  } else {
    CHECK(!access.error().message.empty());
  }
  auto credential = parse_exec_credential(text, "client.authentication.k8s.io/v1");
  if (credential) CHECK(!credential->token.empty() || !credential->client_crt.empty());
  return 0;
}
