#include "control/kube/config_keys.h"

#include <algorithm>

#include "dataplane/model/complain.h"
#include "dataplane/tls/cipher_list.h"

namespace sallyport::kube {

namespace {

using Reader = AnnotationReader;

constexpr const char* kInTheFile = "write it in the configuration file";
// Key, and where its meaning is kept here.
constexpr const char* kTrusted = "list them under http.trusted_networks in the configuration file";

template <auto Member>
void set_default(const Reader& reader, GlobalNotes& global) {
  if (auto value = reader.boolean()) global.defaults.*Member = *value;
}

template <auto Member>
void set_default_seconds(const Reader& reader, GlobalNotes& global) {
  if (auto value = reader.seconds()) global.defaults.*Member = *value;
}

template <auto Member>
void set_global(const Reader& reader, GlobalNotes& global) {
  if (auto value = reader.boolean()) global.*Member = *value;
}

void read_protocols(const Reader& reader, GlobalNotes& global) {
  bool two = false, three = false;
  for (const std::string& word : split_words(reader.value(), ' ')) {
    two = two || word == "TLSv1.2";
    three = three || word == "TLSv1.3";
    if (word == "TLSv1.2" || word == "TLSv1.3") continue;
    reader.report(Verdict::NotSupported, Severity::Warning, "old-tls",
                  in_quotes(word) + " is not offered: TLSv1.2 is the oldest version that is");
  }
  if (!two && !three) return reader.invalid("TLSv1.2, TLSv1.3 or both");
  global.min_tls = two ? TlsVersion::V1_2 : TlsVersion::V1_3;
  if (three) return;
  reader.report(Verdict::Differs, Severity::Note, "newer-tls", "TLSv1.3 is offered, too");
}

void read_ciphers(const Reader& reader, GlobalNotes& global) {
  if (reader.value().empty()) return;
  auto names = cipher_names(reader.value());
  if (!names) return reader.invalid("names of ciphers between colons");
  global.ciphers = *names;
}

void read_groups(const Reader& reader, GlobalNotes& global) {
  if (reader.value() == "auto") return;
  auto names = group_names(reader.value());
  if (!names) return reader.invalid("auto, or names of groups between colons");
  global.groups = *names;
}

void read_redirect_code(const Reader& reader, GlobalNotes& global) {
  auto code = parse_integer(reader.value());
  bool good = code && *code >= 300 && *code <= 308 && is_redirect_status(uint64_t(*code));
  if (!good) return reader.invalid("301, 302, 303, 307 or 308");
  global.redirect_code = static_cast<uint16_t>(*code);
}

void read_hsts(const Reader& reader, GlobalNotes& global) {
  auto value = reader.boolean();
  if (value && !*value) global.hsts.reset();
}

// The details may come before `hsts` does; without it they say nothing.
void read_hsts_age(const Reader& reader, GlobalNotes& global) {
  auto age = reader.number(0, int64_t{1} << 31);
  if (age && global.hsts) global.hsts->max_age = Seconds(*age);
}

void read_hsts_subdomains(const Reader& reader, GlobalNotes& global) {
  auto value = reader.boolean();
  if (value && global.hsts) global.hsts->include_subdomains = *value;
}

void read_hsts_preload(const Reader& reader, GlobalNotes& global) {
  auto value = reader.boolean();
  if (value && global.hsts) global.hsts->preload = *value;
}

void read_cross_namespace(const Reader& reader, GlobalNotes& global) {
  if (auto value = reader.boolean()) global.context.cross_namespace = *value;
}

void read_risk(const Reader& reader, GlobalNotes& global) {
  for (Risk risk : {Risk::Low, Risk::Medium, Risk::High, Risk::Critical}) {
    if (reader.value() != name(risk)) continue;
    global.most_risk = risk;
    return;
  }
  reader.invalid("Low, Medium, High or Critical");
}

void read_body_size(const Reader& reader, GlobalNotes& global) {
  if (auto size = reader.size()) global.defaults.body_size = *size;
}

void read_allow(const Reader& reader, GlobalNotes& global) {
  global.defaults.allow = reader.networks();
}

void read_deny(const Reader& reader, GlobalNotes& global) {
  std::vector<Network> more = reader.networks();
  global.defaults.deny.insert(global.defaults.deny.end(), more.begin(), more.end());
}

void read_response_headers(const Reader& reader, GlobalNotes& global) {
  for (std::string& word : reader.list()) {
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    global.response_headers.push_back(std::move(word));
  }
}

void read_global_auth(const Reader& reader, GlobalNotes& global) {
  if (reader.value().empty()) return;
  global.defaults.locked_by = "global-auth-url";
  reader.report(Verdict::Refused, Severity::Error, "not-supported",
                "is not supported, and nothing is served without it but a 503: put an "
                "authenticating proxy in front of the Services");
}

constexpr ConfigKeyRow kRows[] = {
    {"ssl-protocols", Support::Differs, "TLSv1.2 TLSv1.3", "the versions of TLS",
     "older versions are not offered", read_protocols},
    {"ssl-ciphers", Support::Differs, "an OpenSSL list", "the ciphers of TLS 1.2",
     "those without forward secrecy, and DHE, are not offered",
     read_ciphers},
    {"ssl-ecdh-curve", Support::Same, "auto", "the groups of key exchange", "", read_groups},
    {"ssl-dh-param", Support::No, "namespace/name", "parameters of DHE", "leave it out: key "
     "exchange is by elliptic curves"},
    {"ssl-early-data", Support::No, "false", "0-RTT", "requests would be repeatable by anybody",
     nullptr, "false"},
    {"ssl-session-cache", Support::No, "true", "a cache of TLS sessions",
     "sessions are resumed by tickets", nullptr, "true"},
    {"ssl-session-cache-size", Support::No, "10m", "its size", "sessions are resumed by tickets"},
    {"ssl-session-timeout", Support::No, "10m", "how long sessions can be resumed",
     "tickets live as long as their keys"},
    {"ssl-session-tickets", Support::No, "false", "resumption by tickets",
     "tickets are always on, with keys that change", nullptr, "true"},
    {"ssl-session-ticket-key", Support::No, "base64", "the key of tickets",
     "keys are made and changed by the controller, or come from ticket_keys in the configuration "
     "file"},
    {"ssl-buffer-size", Support::No, "4k", "size of TLS records", "it follows the traffic"},
    {"ssl-reject-handshake", Support::Same, "false", "unknown names are refused in the handshake",
     "", set_global<&GlobalNotes::refuse_unknown_names>},
    {"ssl-redirect", Support::Same, "true", "the annotation's default", "",
     set_default<&IngressNotes::ssl_redirect>},
    {"force-ssl-redirect", Support::Same, "false", "the annotation's default", "",
     set_default<&IngressNotes::force_ssl_redirect>},
    {"http-redirect-code", Support::Same, "308", "the status of redirects to HTTPS", "",
     read_redirect_code},
    {"no-tls-redirect-locations", Support::Same, "/.well-known/acme-challenge",
     "paths of rules that are not redirected to HTTPS, by how they begin", "",
     [](const Reader& reader, GlobalNotes& global) { global.no_redirect = reader.list(); }},
    {"hsts", Support::Same, "true", "Strict-Transport-Security in responses over TLS", "",
     read_hsts},
    {"hsts-max-age", Support::Same, "31536000", "its max-age", "", read_hsts_age},
    {"hsts-include-subdomains", Support::Same, "true", "its includeSubDomains", "",
     read_hsts_subdomains},
    {"hsts-preload", Support::Same, "false", "its preload", "", read_hsts_preload},
    {"enable-ocsp", Support::Same, "false", "OCSP stapling", "",
     set_global<&GlobalNotes::staple>},
    {"use-http2", Support::No, "true", "HTTP/2 to clients", kInTheFile, nullptr, "true"},
    {"http2-max-concurrent-streams", Support::No, "128", "requests at once on a connection",
     kInTheFile},
    {"use-proxy-protocol", Support::No, "false", "PROXY headers of clients",
     "write proxy_protocol and trusted_networks on the listeners of the configuration file",
     nullptr, "false"},
    {"proxy-protocol-header-timeout", Support::No, "5s", "how long they may take",
     "write limits.hello_timeout in the configuration file"},
    {"proxy-real-ip-cidr", Support::No, "0.0.0.0/0", "whose PROXY headers are believed",
     "write trusted_networks on the listeners of the configuration file"},
    {"enable-real-ip", Support::No, "false", "X-Forwarded-For as the client", kTrusted, nullptr,
     "false"},
    {"use-forwarded-headers", Support::No, "false", "believes X-Forwarded-* of everybody", kTrusted,
     nullptr, "false"},
    {"compute-full-forwarded-for", Support::No, "false", "appends to X-Forwarded-For",
     "which is always done for those in http.trusted_networks", nullptr, "false"},
    {"forwarded-for-header", Support::No, "X-Forwarded-For", "the field with the client's address",
     "it is X-Forwarded-For", nullptr, "X-Forwarded-For"},
    {"forwarded-for-proxy-protocol-header", Support::No, "X-Forwarded-For-Proxy-Protocol",
     "the field with the address of PROXY headers", "it is X-Forwarded-For", nullptr,
     "X-Forwarded-For-Proxy-Protocol"},
    {"allow-cross-namespace-resources", Support::Same, "false",
     "Secrets of other namespaces may be named", "", read_cross_namespace},
    {"annotations-risk-level", Support::Same, "High",
     "Ingresses with annotations of a higher risk are left out", "", read_risk},
    {"annotation-value-word-blocklist", Support::No, "", "words that no annotation may have",
     "nothing is written into a template, so that no word is dangerous"},
    {"allow-snippet-annotations", Support::No, "false", "raw nginx in annotations",
     "there is no nginx", nullptr, "false"},
    {"strict-validate-path-type", Support::Differs, "true",
     "which characters Exact and Prefix paths may have",
     "what no request can ask for is refused, everything else is served",
     [](const Reader& reader, GlobalNotes&) { (void)reader.boolean(); }},
    {"proxy-ssl-location-only", Support::Same, "false",
     "proxy-ssl of one Ingress is not for the other Ingresses of its host", "",
     set_global<&GlobalNotes::backend_tls_by_path_only>},
    {"global-auth-url", Support::No, "a URL", "asks a service who is let in",
     "put an authenticating proxy in front of the Services", read_global_auth, "", Loss::Lock},
    {"global-auth-*", Support::No, "", "details of it", "leave it out"},
    {"keep-alive", Support::No, "75", "seconds that clients' connections are kept",
     "write limits.keep_alive_timeout in the configuration file"},
    {"keep-alive-requests", Support::No, "1000", "requests on a connection", "there is no limit"},
    {"upstream-keepalive-*", Support::No, "", "connections to backends that are kept",
     "write limits.backend_idle_connections and limits.backend_idle_timeout in the configuration "
     "file"},
    {"worker-shutdown-timeout", Support::No, "240s", "how long old connections live on a change",
     "changes end no connection; for the end of the process write drain.timeout in the "
     "configuration file"},
    {"worker-processes", Support::No, "auto", "processes",
     "write workers in the configuration file", nullptr, "auto"},
    {"enable-serial-reloads", Support::No, "false", "one reload after the other",
     "nothing is reloaded", nullptr, "false"},
    {"limit-req-status-code", Support::No, "503", "of limit-rps", "leave it out"},
    {"limit-conn-status-code", Support::No, "503", "of limit-connections", "leave it out"},
    {"whitelist-source-range", Support::Same, "networks", "the annotation's default", "",
     read_allow},
    {"denylist-source-range", Support::Same, "networks", "the annotation's default", "", read_deny},
    {"block-cidrs", Support::Same, "networks", "answers 403 to clients of these networks", "",
     read_deny},
    {"block-user-agents", Support::No, "", "answers 403 by User-Agent", "block in the application",
     nullptr, "", Loss::Protection},
    {"block-referers", Support::No, "", "answers 403 by Referer", "block in the application",
     nullptr, "", Loss::Protection},
    {"proxy-body-size", Support::Same, "1m", "the annotation's default", "", read_body_size},
    {"proxy-connect-timeout", Support::Same, "5", "the annotation's default", "",
     set_default_seconds<&IngressNotes::connect_timeout>},
    {"proxy-read-timeout", Support::Same, "60", "the annotation's default", "",
     set_default_seconds<&IngressNotes::read_timeout>},
    {"proxy-send-timeout", Support::Differs, "60", "the annotation's default",
     "bodies are not buffered, so that it bounds the client's pauses (408), too",
     set_default_seconds<&IngressNotes::send_timeout>},
    {"global-allowed-response-headers", Support::Same, "names between commas",
     "which fields custom-headers may set", "", read_response_headers},
};

const ConfigKeyRow* find_key(std::string_view name) {
  for (const ConfigKeyRow& row : kRows) {
    std::string_view pattern = row.name;
    if (pattern == name) return &row;
    if (pattern.ends_with('*') && name.starts_with(pattern.substr(0, pattern.size() - 1))) {
      return &row;
    }
  }
  return nullptr;
}

void read_key(const Reader& reader, const std::string& key, GlobalNotes& global) {
  const ConfigKeyRow* row = find_key(key);
  if (!row) {
    return reader.report(Verdict::NotSupported, Severity::Warning, "unknown-key",
                         "is no key that is known here, and does nothing: leave it out, or look "
                         "for it in the configuration file's reference");
  }
  if (row->read) return row->read(reader, global);
  if (reader.value() == row->idle && row->idle[0] != '\0') return;
  reader.report(Verdict::NotSupported,
                row->loss == Loss::Feature ? Severity::Note : Severity::Error, "not-supported",
                std::string("is not supported (") + row->meaning + "): " + row->note,
                row->loss == Loss::Protection);
}

}  // namespace

std::span<const ConfigKeyRow> config_key_rows() { return kRows; }

GlobalNotes read_config_map(const Object* map, bool compat, Findings& findings) {
  GlobalNotes global;
  global.context.compat = compat;
  global.defaults.body_size = 1024 * 1024;
  if (!map) return global;
  for (const auto& [key, value] : map->as<ConfigMap>().data) {
    AnnotationReader reader(*map, key, value, global.context, global.defaults, findings);
    read_key(reader, key, global);
  }
  return global;
}

std::string config_keys_markdown() {
  std::string text =
      "| key | default | what it does | beside ingress-nginx |\n"
      "|---|---|---|---|\n";
  for (const ConfigKeyRow& row : kRows) {
    text += std::string("| `") + row.name + "` | " + row.values + " | " + row.meaning + " | **" +
            name(row.support) + "**";
    if (row.note[0] != '\0') text += std::string(": ") + row.note;
    if (row.loss == Loss::Protection) text += "; reported as less secure";
    text += " |\n";
  }
  return text;
}

}  // namespace sallyport::kube
