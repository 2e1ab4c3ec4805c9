#include "control/demo/demo_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

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

/// "a", "b" and "c", with the quotes.
std::string quoted_list(const std::vector<std::string>& texts) {
  std::string list;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) list += i + 1 < texts.size() ? ", " : " and ";
    list += "\"" + texts[i] + "\"";
  }
  return list;
}

}  // namespace

std::string demo_yaml(const DemoPlan& plan) {
  return "# Written by `sallyport demo`; removed when it ends.\n"
         "secrets_directory: " + yaml_quoted(plan.folder + "/secrets") + "\n"
         "metrics: {address: " + yaml_quoted(plan.metrics) + "}\n"
         "admin: {address: " + yaml_quoted(plan.admin) + "}\n"
         "drain: {delay: 0s, timeout: 2s}\n"
         "listeners:\n"
         "  - {name: http, address: " + yaml_quoted(plan.http) + ", protocol: http}\n"
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
  const std::string ca = " --cacert " + shell_word(plan.folder + "/ca.crt") + " ";
  const std::string identity = "--cert " + shell_word(plan.folder + "/client/tls.crt") + " --key " +
                               shell_word(plan.folder + "/client/tls.key") + " ";
  const std::string end = ".localhost" + port_of(plan.https);
  const std::string clear_end = ".localhost" + port_of(plan.http);
  const struct {
    const char* what;
    std::vector<std::string> prints;
    std::string command;
  } all[] = {
      {"offload: TLS ends at Sallyport, and the backend gets plain HTTP",
       {"offload: ", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "X-Request-ID: "},
       "curl" + ca + "https://offload" + end + "/"},
      {"passthrough: Sallyport reads only the name; curl's TLS ends at the backend",
       {"passthrough: ", "server name: passthrough.localhost"},
       "curl" + ca + "https://passthrough" + end + "/"},
      {"reencrypt: TLS ends, then anew, and the backend is shown Sallyport's certificate",
       {"reencrypt: ", "client certificate: CN=sallyport demo proxy"},
       "curl" + ca + "https://reencrypt" + end + "/"},
      {"mtls, with a client certificate, of which the backend is told",
       {"mtls: ", "ssl-client-verify: SUCCESS", "ssl-client-subject-dn: CN=sallyport demo client"},
       "curl" + ca + identity + "https://mtls" + end + "/"},
      {"mtls, without one: an error page from Sallyport, and no backend hears of it",
       {"HTTP/2 400", "No required SSL certificate was sent"},
       "curl -i" + ca + "https://mtls" + end + "/"},
      {"without TLS: curl is sent to the other port, and follows",
       {"HTTP/1.1 308 Permanent Redirect", "Location: https://offload" + end + "/cart",
        "request: GET /cart HTTP/1.1"},
       "curl -iL" + ca + "http://offload" + clear_end + "/cart"},
      {"a request with a body",
       {"request: POST /orders HTTP/1.1", "body: 7 bytes: item=42"},
       "curl" + ca + "-d item=42 https://offload" + end + "/orders"},
      {"what Sallyport has counted, for Prometheus",
       {"sallyport_route_requests_total"},
       "curl " + curl_target(plan.metrics, "/metrics")},
      {"the connections that are open now, in JSON",
       {"connections"},
       "curl " + curl_target(plan.admin, "/api/v1/connections")},
  };
  std::string text = "Sallyport's demo runs until Ctrl-C. Its certificates, its keys and the "
                     "configuration it runs with,\nsallyport.yaml, are until then in " +
                     plan.folder + "\n\n";
  for (const auto& one : all) {
    text += std::string("# ") + one.what + "\n# prints " + quoted_list(one.prints) + "\n" +
            one.command + "\n\n";
  }
  return text + "Below is Sallyport's log, with a line of JSON for each request.\n\n";
}

}  // namespace sallyport
