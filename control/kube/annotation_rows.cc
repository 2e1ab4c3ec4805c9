// The rows of the table. Sorted as people look for them: by what they are about.
#include <algorithm>
#include <string>

#include "control/kube/annotation_table.h"
#include "dataplane/model/complain.h"
#include "dataplane/tls/cipher_list.h"

namespace sallyport::kube {

namespace {

using Reader = AnnotationReader;

template <auto Member>
void set_boolean(const Reader& reader) {
  if (auto value = reader.boolean()) reader.notes().*Member = *value;
}

template <auto Member>
void set_line(const Reader& reader) {
  if (auto value = reader.line()) reader.notes().*Member = *value;
}

template <auto Member>
void set_seconds(const Reader& reader) {
  if (auto value = reader.seconds()) reader.notes().*Member = *value;
}

template <auto Member>
void set_affinity_boolean(const Reader& reader) {
  if (auto value = reader.boolean()) reader.notes().affinity.*Member = *value;
}

template <auto Member>
void set_affinity_line(const Reader& reader) {
  if (auto value = reader.line()) reader.notes().affinity.*Member = *value;
}

template <auto Member>
void set_backend_boolean(const Reader& reader) {
  if (reader.value() == "on" || reader.value() == "off") {
    reader.notes().backend_tls.*Member = reader.value() == "on";
  } else {
    reader.invalid("on or off");
  }
}

void read_auth_tls_secret(const Reader& reader) {
  reader.notes().client_auth.secret = reader.reference(true);
}

void read_verify_client(const Reader& reader) {
  for (const auto& [word, value] : {std::pair{"on", VerifyClient::Required},
                                    std::pair{"off", VerifyClient::Off},
                                    std::pair{"optional", VerifyClient::Optional},
                                    std::pair{"optional_no_ca", VerifyClient::OptionalNoCa}}) {
    if (reader.value() != word) continue;
    reader.notes().client_auth.verify = value;
    return;
  }
  reader.report(Verdict::Refused, Severity::Warning, "invalid-annotation",
                in_quotes(reader.value()) +
                    " cannot be read and counts as on: write on, off, optional or optional_no_ca");
}

void read_auth_tls_depth(const Reader& reader) {
  auto depth = reader.number(0, 100);
  if (depth) reader.notes().client_auth.depth = std::max(1, static_cast<int>(*depth));
}

void read_error_page(const Reader& reader) {
  auto page = reader.line();
  if (!page) return;
  if (page->starts_with("http://") || page->starts_with("https://")) {
    reader.notes().client_auth.error_page = *page;
  } else {
    reader.report(Verdict::NotSupported, Severity::Warning, "error-page",
                  in_quotes(*page) + " is no page to redirect to, so clients without a good "
                                     "certificate are answered 400: write a URL");
  }
}

void read_pass_certificate(const Reader& reader) {
  if (auto value = reader.boolean()) reader.notes().client_auth.pass_certificate = *value;
}

void read_match_cn(const Reader& reader) {
  auto pattern = reader.line();
  if (!pattern) return;
  if (!pattern->starts_with("CN=")) return reader.invalid("CN= and a regular expression");
  reader.notes().client_auth.match_cn = *pattern;
}

void read_backend_protocol(const Reader& reader) {
  std::string word = reader.value();
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  static constexpr std::pair<const char*, BackendProtocol> kWords[] = {
      {"HTTP", BackendProtocol::Http},   {"HTTPS", BackendProtocol::Https},
      {"GRPC", BackendProtocol::Grpc},   {"GRPCS", BackendProtocol::Grpcs},
      {"FCGI", BackendProtocol::Fcgi},   {"AUTO_HTTP", BackendProtocol::AutoHttp}};
  for (const auto& [text, protocol] : kWords) {
    if (word == text) {
      reader.notes().protocol = protocol;
      return;
    }
  }
  reader.notes().protocol = BackendProtocol::Unknown;
}

void read_proxy_ssl_secret(const Reader& reader) {
  reader.notes().backend_tls.secret = reader.reference(true);
}

void read_proxy_ssl_depth(const Reader& reader) {
  auto depth = reader.number(0, 100);
  if (depth) reader.notes().backend_tls.depth = std::max(1, static_cast<int>(*depth));
}

void read_proxy_ssl_name(const Reader& reader) {
  if (auto name = reader.line()) reader.notes().backend_tls.name = *name;
}

void read_proxy_ssl_protocols(const Reader& reader) {
  bool two = false, three = false;
  for (const std::string& word : split_words(reader.value(), ' ')) {
    if (word != "TLSv1.2" && word != "TLSv1.3") return reader.invalid("TLSv1.2, TLSv1.3 or both");
    (word == "TLSv1.2" ? two : three) = true;
  }
  if (!two && !three) return reader.invalid("TLSv1.2, TLSv1.3 or both");
  reader.notes().backend_tls.two = two;
  reader.notes().backend_tls.three = three;
}

std::vector<std::string> read_cipher_names(const Reader& reader) {
  if (reader.value().empty() || reader.value() == "DEFAULT") return {};
  auto names = cipher_names(reader.value());
  if (names) return *names;
  reader.invalid("names of ciphers between colons, such as ECDHE-RSA-AES128-GCM-SHA256");
  return {};
}

void read_proxy_ssl_ciphers(const Reader& reader) {
  reader.notes().backend_tls.ciphers = read_cipher_names(reader);
}

void read_ssl_ciphers(const Reader& reader) {
  reader.notes().ssl_ciphers = read_cipher_names(reader);
}

void read_body_size(const Reader& reader) {
  if (auto size = reader.size()) reader.notes().body_size = *size;
}

void read_app_root(const Reader& reader) {
  auto root = reader.line();
  if (!root) return;
  if (!root->starts_with('/')) return reader.invalid("an absolute path, such as /app");
  reader.notes().app_root = *root;
}

void read_allow(const Reader& reader) { reader.notes().allow = reader.networks(); }
void read_deny(const Reader& reader) { reader.notes().deny = reader.networks(); }

std::optional<std::string> read_redirect_target(const Reader& reader) {
  auto target = reader.line();
  if (!target) return std::nullopt;
  bool good = target->starts_with("http://") || target->starts_with("https://") ||
              target->starts_with('/');
  if (good) return target;
  reader.invalid("a URL, such as https://www.example.com/");
  return std::nullopt;
}

void read_permanent(const Reader& reader) {
  if (auto target = read_redirect_target(reader)) {
    reader.notes().permanent = RedirectNotes{*target, 0};
  }
}

void read_temporal(const Reader& reader) {
  if (auto target = read_redirect_target(reader)) {
    reader.notes().temporal = RedirectNotes{*target, 0};
  }
}

template <auto Member, uint16_t kDefault>
void read_redirect_code(const Reader& reader) {
  auto code = parse_integer(reader.value());
  if (!code) return reader.invalid("a status from 300 to 308");
  reader.notes().*Member =
      *code >= 300 && *code <= 308 ? static_cast<uint16_t>(*code) : uint16_t{kDefault};
}

void read_aliases(const Reader& reader) { reader.notes().aliases = reader.list(); }

void read_custom_headers(const Reader& reader) {
  reader.notes().custom_headers = reader.reference(false);
}

void read_affinity(const Reader& reader) {
  if (reader.value() == "cookie") {
    reader.notes().affinity.cookie = true;
  } else if (!reader.value().empty()) {
    reader.invalid("cookie");
  }
}

void read_cookie_age(const Reader& reader) {
  if (auto age = reader.number(0, int64_t{1} << 31)) reader.notes().affinity.max_age = *age;
}

void read_same_site(const Reader& reader) {
  for (const char* word : {"None", "Lax", "Strict"}) {
    if (reader.value() == word) {
      reader.notes().affinity.same_site = word;
      return;
    }
  }
  reader.invalid("None, Lax or Strict");
}

void read_affinity_mode(const Reader& reader) {
  if (reader.value() == "persistent") return;
  if (reader.value() != "balanced") return reader.invalid("balanced or persistent");
}

void read_canary(const Reader& reader) {
  auto value = reader.boolean();
  if (!value || !*value) return;
  reader.notes().canary = true;
  reader.report(Verdict::NotSupported, Severity::Warning, "canary",
                "is not supported: this Ingress is left out, and the one beside it gets all "
                "requests; split traffic in the Service, with pods of both versions behind it");
}

void read_load_balance(const Reader& reader) {
  if (reader.value() == "round_robin") return;
  reader.report(Verdict::Differs, Severity::Note, "load-balance",
                in_quotes(reader.value()) + " counts as round_robin, the only rule there is");
}

void read_http_version(const Reader& reader) {
  if (reader.value() == "1.1") return;
  reader.report(Verdict::Differs, Severity::Note, "proxy-http-version",
                "backends are spoken to in HTTP/1.1, which those of 1.0 answer");
}

constexpr AnnotationRow kRows[] = {
    // Client certificates.
    {"auth-tls-secret", Scope::Host, Risk::Medium, Support::Differs, "namespace/name",
     "asks clients for certificates of the authorities in the Secret's ca.crt; its ca.crl is "
     "checked",
     "a Secret without ca.crt is not taken for none: the host answers 403",
     read_auth_tls_secret},
    {"auth-tls-verify-client", Scope::Host, Risk::Medium, Support::Same,
     "on (default), off, optional, optional_no_ca", "what becomes of clients without a good "
     "certificate: see the table of results", "", read_verify_client},
    {"auth-tls-verify-depth", Scope::Host, Risk::Low, Support::Same, "a number (1)",
     "intermediates allowed between a client's certificate and the authority", "",
     read_auth_tls_depth},
    {"auth-tls-error-page", Scope::Host, Risk::High, Support::Differs, "a URL",
     "where clients without a good certificate are redirected to (302), instead of a 400",
     "a path or a named location, @name, is nothing here: such clients get the 400",
     read_error_page},
    {"auth-tls-pass-certificate-to-upstream", Scope::Host, Risk::Low, Support::Same,
     "true, false (default)", "sends the certificate to the backend as ssl-client-cert", "",
     read_pass_certificate},
    {"auth-tls-match-cn", Scope::Host, Risk::High, Support::Differs, "CN= and a regular expression",
     "only clients whose common name it matches are let in; the others get 403",
     "it is compared with the whole common name; ingress-nginx looks for it anywhere in the "
     "subject, so that CN=bob lets bobby in, which compat: ingress-nginx does too",
     read_match_cn},
    // TLS to backends.
    {"backend-protocol", Scope::Path, Risk::Low, Support::Differs,
     "HTTP (default), HTTPS, GRPC, GRPCS, AUTO_HTTP, FCGI",
     "how backends are spoken to; HTTPS without proxy-ssl-verify accepts any certificate, with a "
     "finding, unless kubernetes.require_backend_verification is set",
     "FCGI is not spoken, and what cannot be read is not taken for HTTP: these answer 503",
     read_backend_protocol},
    {"proxy-ssl-secret", Scope::Path, Risk::Medium, Support::Same, "namespace/name",
     "the authorities that backends are checked by, and the proxy's own certificate; without it "
     "the other proxy-ssl annotations do nothing", "", read_proxy_ssl_secret},
    {"proxy-ssl-verify", Scope::Path, Risk::Low, Support::Same, "on, off (default)",
     "checks the backend's certificate and name", "",
     set_backend_boolean<&BackendTlsNotes::verify>},
    {"proxy-ssl-verify-depth", Scope::Path, Risk::Low, Support::Same, "a number (1)",
     "intermediates allowed above a backend's certificate", "", read_proxy_ssl_depth},
    {"proxy-ssl-name", Scope::Path, Risk::High, Support::Differs, "a DNS name",
     "the name that the backend's certificate must have, and that is sent as SNI",
     "without it the name is the Service's, name.namespace.svc, where ingress-nginx fails every "
     "verification", read_proxy_ssl_name},
    {"proxy-ssl-server-name", Scope::Path, Risk::Low, Support::Differs, "on, off (default)",
     "sends SNI to the backend", "SNI is always sent", set_backend_boolean<
         &BackendTlsNotes::server_name>, Loss::Feature, "", true},
    {"proxy-ssl-protocols", Scope::Path, Risk::Low, Support::Differs, "TLSv1.2 and TLSv1.3",
     "the versions of TLS to the backend", "without it both are offered, where ingress-nginx "
     "offers TLSv1.2 alone", read_proxy_ssl_protocols},
    {"proxy-ssl-ciphers", Scope::Path, Risk::Medium, Support::Differs, "an OpenSSL list (DEFAULT)",
     "the ciphers of TLS 1.2 to the backend", "those without forward secrecy, and DHE, are not "
     "offered", read_proxy_ssl_ciphers},
    // Redirects and TLS to clients.
    {"ssl-redirect", Scope::Path, Risk::Low, Support::Same, "true (default), false",
     "redirects from HTTP to HTTPS where the host has a certificate", "",
     set_boolean<&IngressNotes::ssl_redirect>},
    {"force-ssl-redirect", Scope::Path, Risk::Medium, Support::Same, "true, false (default)",
     "the same without a certificate of its own, by X-Forwarded-Proto of trusted networks", "",
     set_boolean<&IngressNotes::force_ssl_redirect>},
    {"preserve-trailing-slash", Scope::Path, Risk::Medium, Support::Same, "true, false (default)",
     "keeps the final / of the path in redirects to HTTPS; without it one is removed", "",
     set_boolean<&IngressNotes::preserve_trailing_slash>},
    {"ssl-passthrough", Scope::Host, Risk::Low, Support::Differs, "true, false (default)",
     "the client's TLS goes through to the endpoints of the backend of /, unread; only with "
     "kubernetes.ssl_passthrough or --enable-ssl-passthrough",
     "endpoints are balanced over, instead of the ClusterIP; wildcards and headless Services work; "
     "port 80 redirects unless ssl-redirect is false", set_boolean<&IngressNotes::ssl_passthrough>},
    {"ssl-ciphers", Scope::Host, Risk::Low, Support::Differs, "an OpenSSL list",
     "the ciphers of TLS 1.2 for the host", "those without forward secrecy, and DHE, are not "
     "offered", read_ssl_ciphers},
    {"ssl-prefer-server-ciphers", Scope::Host, Risk::Low, Support::Differs, "true, false",
     "whose order of ciphers decides", "the server's always does",
     [](const Reader& reader) { (void)reader.boolean(); }, Loss::Feature, "", true},
    {"from-to-www-redirect", Scope::Host, Risk::Low, Support::No, "true, false (default)",
     "redirects between name and www.name",
     "write an Ingress for the other name with permanent-redirect", nullptr, Loss::Feature,
     "false"},
    {"use-port-in-redirects", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "adds the port to redirects", "listeners on other ports than 443 are redirected to by "
     "themselves", nullptr, Loss::Feature, "false"},
    {"relative-redirects", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "redirects without scheme and host", "redirects are absolute", nullptr, Loss::Feature,
     "false"},
    // Paths, redirects and headers.
    {"rewrite-target", Scope::Path, Risk::Medium, Support::Differs, "a path with $1 to $9",
     "the path that the backend sees", "only this Ingress' paths become regular expressions, not "
     "all of the host; compat: ingress-nginx does as ingress-nginx",
     set_line<&IngressNotes::rewrite_target>},
    {"use-regex", Scope::Path, Risk::Low, Support::Differs, "true, false (default)",
     "paths are regular expressions that match from the beginning, in any case (RE2)",
     "of this Ingress, not of the whole host; its Exact paths stay exact; compat: ingress-nginx "
     "does as ingress-nginx", set_boolean<&IngressNotes::use_regex>},
    {"app-root", Scope::Host, Risk::Medium, Support::Same, "an absolute path",
     "redirects / to it (302)", "", read_app_root},
    {"permanent-redirect", Scope::Path, Risk::Medium, Support::Same, "a URL",
     "redirects everything to it (301)", "", read_permanent},
    {"permanent-redirect-code", Scope::Path, Risk::Low, Support::Same, "300 to 308 (301)",
     "with this status", "", read_redirect_code<&IngressNotes::permanent_code, 301>},
    {"temporal-redirect", Scope::Path, Risk::Medium, Support::Same, "a URL",
     "redirects everything to it (302); stronger than permanent-redirect", "", read_temporal},
    {"temporal-redirect-code", Scope::Path, Risk::Low, Support::Same, "300 to 308 (302)",
     "with this status", "", read_redirect_code<&IngressNotes::temporal_code, 302>},
    {"server-alias", Scope::Host, Risk::High, Support::Same, "names between commas",
     "more names for the hosts of the Ingress; a host of another Ingress keeps its own", "",
     read_aliases},
    {"upstream-vhost", Scope::Path, Risk::Low, Support::Differs, "a host name",
     "the Host field that the backend sees", "variables of nginx are not replaced, and refused",
     set_line<&IngressNotes::vhost>},
    {"custom-headers", Scope::Path, Risk::Medium, Support::Same, "a ConfigMap",
     "fields added to responses: the ConfigMap's data", "", read_custom_headers},
    {"x-forwarded-prefix", Scope::Path, Risk::Medium, Support::Same, "a path",
     "sent to the backend as X-Forwarded-Prefix, where rewrite-target is used", "",
     set_line<&IngressNotes::forwarded_prefix>},
    // Limits and who is let in.
    {"proxy-body-size", Scope::Path, Risk::Medium, Support::Same, "a size (1m), or 0",
     "answers 413 to larger bodies", "", read_body_size},
    {"proxy-connect-timeout", Scope::Path, Risk::Low, Support::Same, "seconds (5)",
     "to connect to an endpoint", "", set_seconds<&IngressNotes::connect_timeout>},
    {"proxy-read-timeout", Scope::Path, Risk::Low, Support::Same, "seconds (60)",
     "between reads of the response", "", set_seconds<&IngressNotes::read_timeout>},
    {"proxy-send-timeout", Scope::Path, Risk::Low, Support::Differs, "seconds (60)",
     "without a byte of the request's body on its way to the backend",
     "bodies are not buffered, so that it bounds the client's pauses (408), too",
     set_seconds<&IngressNotes::send_timeout>, Loss::Feature, "", true},
    {"whitelist-source-range", Scope::Path, Risk::Medium, Support::Same, "networks",
     "answers 403 to clients of other networks", "", read_allow},
    {"allowlist-source-range", Scope::Path, Risk::Medium, Support::Same, "networks",
     "the same as whitelist-source-range", "", read_allow},
    {"denylist-source-range", Scope::Path, Risk::Medium, Support::Same, "networks",
     "answers 403 to clients of these networks", "", read_deny},
    // Affinity.
    {"affinity", Scope::Path, Risk::Low, Support::Differs, "cookie",
     "keeps a client at one endpoint by a cookie",
     "cookies of ingress-nginx are not understood: each client is given a new one",
     read_affinity, Loss::Feature, "", true},
    {"affinity-mode", Scope::Path, Risk::Low, Support::Differs, "balanced (default), persistent",
     "what happens to clients when endpoints are added",
     "clients always stay where they are, as in persistent", read_affinity_mode,
     Loss::Feature, "", true},
    {"session-cookie-name", Scope::Path, Risk::Medium, Support::Same, "INGRESSCOOKIE (default)",
     "the cookie's name", "", set_affinity_line<&AffinityNotes::name>},
    {"session-cookie-path", Scope::Path, Risk::Medium, Support::Same, "a path (the rule's)",
     "the cookie's Path", "", set_affinity_line<&AffinityNotes::path>},
    {"session-cookie-domain", Scope::Path, Risk::Medium, Support::Same, "a domain",
     "the cookie's Domain", "", set_affinity_line<&AffinityNotes::domain>},
    {"session-cookie-expires", Scope::Path, Risk::Medium, Support::Differs, "seconds",
     "the cookie's lifetime", "is sent as Max-Age", read_cookie_age, Loss::Feature, "", true},
    {"session-cookie-max-age", Scope::Path, Risk::Medium, Support::Same, "seconds",
     "the cookie's Max-Age", "", read_cookie_age},
    {"session-cookie-samesite", Scope::Path, Risk::Low, Support::Same, "None, Lax, Strict",
     "the cookie's SameSite", "", read_same_site},
    {"session-cookie-secure", Scope::Path, Risk::Low, Support::Same, "true, false",
     "the cookie is for HTTPS only", "", set_affinity_boolean<&AffinityNotes::secure>},
    {"session-cookie-change-on-failure", Scope::Path, Risk::Low, Support::Differs,
     "true, false (default)", "a client whose endpoint fails is given another",
     "which is always so: a client whose endpoint fails is served by another one",
     set_affinity_boolean<&AffinityNotes::change_on_failure>, Loss::Feature, "", true},
    // What needs nothing here.
    {"load-balance", Scope::Path, Risk::Low, Support::Differs, "round_robin (default), ewma",
     "how endpoints are chosen", "they take turns", read_load_balance},
    {"proxy-http-version", Scope::Path, Risk::Low, Support::Differs, "1.1 (default), 1.0",
     "the version of HTTP to backends", "always 1.1", read_http_version},
    // Not supported: splitting traffic.
    {"canary", Scope::Ingress, Risk::Low, Support::Differs, "true, false (default)",
     "a second Ingress for some of the requests", "such an Ingress is left out", read_canary},
    {"canary-*", Scope::Ingress, Risk::Medium, Support::No, "", "which requests those are",
     "split traffic in the Service"},
    {"affinity-canary-behavior", Scope::Path, Risk::Low, Support::No, "", "affinity with a canary",
     "leave it out"},
    {"mirror-*", Scope::Path, Risk::High, Support::No, "", "copies requests elsewhere",
     "mirror in a service mesh"},
    {"upstream-hash-by*", Scope::Path, Risk::High, Support::No, "", "chooses endpoints by a hash",
     "use affinity: cookie"},
    {"service-upstream", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "sends to the ClusterIP", "endpoints are always balanced over, and followed at once", nullptr,
     Loss::Feature, "false"},
    {"default-backend", Scope::Path, Risk::Low, Support::No, "a Service",
     "answers where there are no endpoints", "a 503 is answered"},
    {"custom-http-errors", Scope::Path, Risk::Low, Support::No, "", "replaces error pages",
     "have the application answer them"},
    {"disable-proxy-intercept-errors", Scope::Path, Risk::Low, Support::No, "", "no error pages",
     "errors of backends are never replaced: leave it out"},
    // Not supported: who is let in.
    {"auth-url", Scope::Path, Risk::High, Support::No, "a URL", "asks a service who is let in",
     "put an authenticating proxy in front of the Service", nullptr, Loss::Lock},
    {"auth-type", Scope::Path, Risk::Low, Support::No, "basic, digest", "asks for a password",
     "use client certificates, or an authenticating proxy in front of the Service", nullptr,
     Loss::Lock},
    {"auth-snippet", Scope::Path, Risk::Critical, Support::No, "", "raw nginx", "leave it out",
     nullptr, Loss::Protection},
    {"enable-global-auth", Scope::Path, Risk::Low, Support::No, "true (default), false",
     "global-auth-url for this Ingress", "leave it out", nullptr, Loss::Feature, "false"},
    {"auth-*", Scope::Path, Risk::Medium, Support::No, "", "details of auth-url and auth-type",
     "leave it out with them"},
    {"satisfy", Scope::Path, Risk::Low, Support::No, "all (default), any",
     "whether one kind of access rule is enough", "all access rules must let a client in", nullptr,
     Loss::Feature, "all"},
    {"limit-*", Scope::Path, Risk::Low, Support::No, "", "limits how fast one client may ask",
     "limit connections with limits.connections_per_client, or requests in the application",
     nullptr, Loss::Protection},
    {"global-rate-limit*", Scope::Path, Risk::Low, Support::No, "", "the same over all replicas",
     "limit requests in the application", nullptr, Loss::Protection},
    {"enable-modsecurity", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "a web application firewall", "put one in front", nullptr, Loss::Protection, "false"},
    {"enable-owasp-core-rules", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "its rules", "put one in front", nullptr, Loss::Protection, "false"},
    {"modsecurity-*", Scope::Path, Risk::Critical, Support::No, "", "its rules",
     "put one in front", nullptr, Loss::Protection},
    {"enable-cors", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "answers preflight requests, and adds CORS fields",
     "have the application answer them, or add fields with custom-headers", nullptr, Loss::Feature,
     "false"},
    {"cors-*", Scope::Path, Risk::Medium, Support::No, "", "which CORS fields",
     "leave it out with enable-cors"},
    // Not supported: raw nginx.
    {"configuration-snippet", Scope::Path, Risk::Critical, Support::No, "", "raw nginx",
     "there is no nginx: use the annotations for redirects, headers and access", nullptr,
     Loss::Protection},
    {"server-snippet", Scope::Host, Risk::Critical, Support::No, "", "raw nginx",
     "there is no nginx: use the annotations for redirects, headers and access", nullptr,
     Loss::Protection},
    {"stream-snippet", Scope::Ingress, Risk::Critical, Support::No, "", "raw nginx",
     "write a listener of protocol tcp or tls in the configuration file", nullptr,
     Loss::Protection},
    // Not supported: retries, buffers, fields and logs.
    {"proxy-next-upstream*", Scope::Path, Risk::Medium, Support::No, "",
     "when another endpoint is tried",
     "it is when connecting fails, limits.connect_attempts times; requests that may have been "
     "received are not sent twice"},
    {"proxy-buffering", Scope::Path, Risk::Low, Support::No, "on, off (default)",
     "reads responses ahead", "bytes are passed on as they come", nullptr, Loss::Feature, "off"},
    {"proxy-request-buffering", Scope::Path, Risk::Low, Support::No, "on (default), off",
     "reads requests ahead", "bytes are passed on as they come", nullptr, Loss::Feature, "off"},
    {"proxy-buffer*", Scope::Path, Risk::Low, Support::No, "", "buffers",
     "heads have limits.header_size; bodies are not kept"},
    {"proxy-busy-buffers-size", Scope::Path, Risk::Low, Support::No, "", "buffers",
     "bodies are not kept"},
    {"proxy-max-temp-file-size", Scope::Path, Risk::Low, Support::No, "", "buffers on disk",
     "nothing is written to disk"},
    {"client-body-buffer-size", Scope::Path, Risk::Low, Support::No, "", "buffers",
     "bodies are not kept"},
    {"connection-proxy-header", Scope::Path, Risk::Low, Support::No, "", "the Connection field",
     "it is the proxy's own (RFC 9110 section 7.6.1)"},
    {"proxy-cookie-*", Scope::Path, Risk::Medium, Support::No, "", "rewrites Set-Cookie",
     "have the application set them right"},
    {"proxy-redirect-*", Scope::Path, Risk::Medium, Support::No, "", "rewrites Location",
     "have the application set it right, by X-Forwarded-Host and X-Forwarded-Proto"},
    {"session-cookie-conditional-samesite-none", Scope::Path, Risk::Low, Support::No,
     "true, false (default)", "leaves SameSite=None out for old browsers",
     "browsers of before 2020 are not told apart", nullptr, Loss::Feature, "false"},
    {"enable-access-log", Scope::Path, Risk::Low, Support::No, "true (default), false",
     "logs requests", "all requests are logged: access_log in the configuration file", nullptr,
     Loss::Feature, "true"},
    {"enable-rewrite-log", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "logs rewrites", "use sallyport explain", nullptr, Loss::Feature, "false"},
    {"enable-opentelemetry", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "traces", "trace headers are passed on", nullptr, Loss::Feature, "false"},
    {"opentelemetry-*", Scope::Path, Risk::Low, Support::No, "", "traces",
     "trace headers are passed on"},
    {"http2-push-preload", Scope::Path, Risk::Low, Support::No, "true, false (default)",
     "HTTP/2 push", "browsers have given it up", nullptr, Loss::Feature, "false"},
    {"fastcgi-*", Scope::Path, Risk::Medium, Support::No, "", "FastCGI",
     "put an HTTP server in front of the application"},
};

}  // namespace

std::span<const AnnotationRow> annotation_rows() { return kRows; }

}  // namespace sallyport::kube
