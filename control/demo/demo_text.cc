#include "control/demo/demo_text.h"

#include <algorithm>
#include <string_view>

namespace sallyport {
namespace {

/// Double-quoted YAML: for a temporary folder whose name its user chose.
std::string yaml_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

/// As it is where a shell reads it as one word, else in single quotes.
std::string shell_word(const std::string& text) {
  constexpr std::string_view harmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=";
  if (text.find_first_not_of(harmless) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string port_of(const std::string& address) { return address.substr(address.rfind(':')); }

/// The arguments with which curl reaches `path` at an address of the configuration file.
std::string curl_target(const std::string& address, const std::string& path) {
  constexpr std::string_view unix_prefix = "unix:";
  if (address.starts_with(unix_prefix)) {
    return "--unix-socket " + shell_word(address.substr(unix_prefix.size())) + " http://localhost" +
           path;
  }
  const bool everywhere = address.starts_with(":");
  return "http://" + (everywhere ? "127.0.0.1" + address : address) + path;
}

}  // namespace

std::string demo_yaml(const DemoPlan& plan) {
  return "# Written by `sallyport demo`; removed when it ends.\n"
         "secrets_directory: " + yaml_quoted(plan.folder + "/secrets") + "\n"
         "metrics: {address: " + yaml_quoted(plan.metrics) + "}\n"
         "admin: {address: " + yaml_quoted(plan.admin) + "}\n"
         "drain: {delay: 0s, timeout: 2s}\n"
         "listeners:\n"
         "  - {name: https, address: " + yaml_quoted(plan.https) + ", protocol: https}\n"
         "sites:\n"
         "  - host: offload.localhost\n"
         "    scenario: offload\n"
         "    service: [\"" + plan.offload.text() + "\"]\n"
         "  - host: passthrough.localhost\n"
         "    scenario: passthrough\n"
         "    service: [\"" + plan.passthrough.text() + "\"]\n"
         "  - host: reencrypt.localhost\n"
         "    scenario: reencrypt\n"
         "    service: reencrypt\n"
         "  - host: mtls.localhost\n"
         "    scenario: offload\n"
         "    service: [\"" + plan.mtls.text() + "\"]\n"
         "    client_auth: {verify: required, secret: clients}\n"
         "services:\n"
         "  - name: reencrypt\n"
         "    endpoints: [\"" + plan.reencrypt.text() + "\"]\n"
         "    tls: {name: " + kDemoBackendName + ", secret: internal}\n";
}

std::string demo_guide(const DemoPlan& plan) {
  const std::string trust = "curl --cacert " + shell_word(plan.folder + "/ca.crt") + " ";
  const std::string identity = "--cert " + shell_word(plan.folder + "/client/tls.crt") + " --key " +
                               shell_word(plan.folder + "/client/tls.key") + " ";
  const std::string end = ".localhost" + port_of(plan.https) + "/";
  const struct {
    const char* what;
    std::string command;
  } all[] = {
      {"offload: TLS ends at Sallyport. The answer begins with \"offload\"; the backend saw no TLS",
       trust + "https://offload" + end},
      {"passthrough: Sallyport reads only the name. \"passthrough\"; the backend saw curl's TLS",
       trust + "https://passthrough" + end},
      {"reencrypt: TLS ends, then anew. \"reencrypt\"; the backend saw Sallyport's certificate",
       trust + "https://reencrypt" + end},
      {"mtls, with a client certificate. \"mtls\"; the backend saw no TLS",
       trust + identity + "https://mtls" + end},
      {"mtls, without one. Refused: curl exits with 56 and says \"alert certificate required\"",
       trust + "https://mtls" + end},
      {"what Sallyport has counted", "curl " + curl_target(plan.metrics, "/metrics")},
      {"the connections open now", "curl " + curl_target(plan.admin, "/api/v1/connections")},
  };
  std::string text = "Sallyport's demo runs until Ctrl-C. Its certificates, its keys and the "
                     "configuration it runs with,\nsallyport.yaml, are until then in " +
                     plan.folder + "\n\n";
  for (const auto& one : all) text += std::string("# ") + one.what + "\n" + one.command + "\n\n";
  return text;
}

}  // namespace sallyport
