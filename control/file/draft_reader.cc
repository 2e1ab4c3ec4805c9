#include "control/file/draft_reader.h"

#include "control/file/kubernetes_reader.h"
#include "control/file/yaml_mapping.h"

namespace sallyport {
namespace {

// One function for each kind of mapping, each naming all keys that it can have.
class DraftReader {
 public:
  explicit DraftReader(Problems& problems) : problems_(problems) {}

  Draft read(const YamlNode& root, const Place& place) {
    Draft draft;
    draft.place = place;
    YamlMapping map(root, place, problems_);
    draft.secrets_directory = map.text("secrets_directory");
    draft.workers = workers(map);
    draft.metrics = address_or_off(map, "metrics");
    draft.admin = address_or_off(map, "admin");
    draft.watch = map.boolean("watch");
    draft.kernel_tls = map.word<KernelTls>("kernel_tls");
    drain(map, draft);
    access_log(map, draft);
    draft.http = http(map);
    draft.resolver = resolver(map);
    draft.ticket_keys = mapping(map, "ticket_keys", &ticket_keys).or_else({});
    draft.ca_overlap = map.duration("ca_overlap");
    draft.limits = limits(map);
    draft.kubernetes = read_kubernetes(map, problems_);
    draft.listeners = list(map, "listeners", &DraftReader::listener);
    draft.sites = list(map, "sites", &DraftReader::site).or_else({});
    draft.services = list(map, "services", &DraftReader::service).or_else({});
    draft.secrets = list(map, "secrets", &DraftReader::secret).or_else({});
    map.finish();
    return draft;
  }

 private:
  // The list under `key`, each item of which is a mapping that `item` reads.
  template <class T>
  Written<std::vector<T>> list(YamlMapping& map, const char* key,
                               T (DraftReader::*item)(YamlMapping&)) {
    return map.list<T>(key, [this, item](const YamlNode& node, const Place& place) {
      YamlMapping inner(node, place, problems_);
      if (!inner.valid()) return std::optional<T>();
      T draft = (this->*item)(inner);
      inner.finish();
      return std::optional<T>(std::move(draft));
    });
  }

  static Written<uint64_t> workers(YamlMapping& map) {
    const YamlNode* node = map.child("workers");
    if (node && node->kind == YamlNode::Kind::Scalar && node->scalar == "auto") return {};
    return map.count("workers");
  }

  // `metrics: off`, or `metrics: {address: …}`.
  Written<std::string> address_or_off(YamlMapping& map, const char* key) {
    const YamlNode* node = map.child(key);
    if (!node || node->kind != YamlNode::Kind::Mapping) return off(map, key, "address");
    YamlMapping nested(*node, map.place_of_child(*node), problems_);
    auto written = nested.text("address");
    nested.finish();
    return written;
  }

  // `access_log: off`, or `access_log: {path: …, format: …}`.
  void access_log(YamlMapping& map, Draft& draft) {
    const YamlNode* node = map.child("access_log");
    if (!node || node->kind != YamlNode::Kind::Mapping) {
      draft.access_log = off(map, "access_log", "path");
      return;
    }
    YamlMapping log(*node, map.place_of_child(*node), problems_);
    draft.access_log = log.text("path");
    draft.access_log_format = log.word<AccessLogFormat>("format");
    log.finish();
  }

  // The word under `key`, which can only be off; what else it may have meant goes under `inner`.
  Written<std::string> off(YamlMapping& map, const char* key, const char* inner) {
    const YamlNode* node = map.child(key);
    auto written = map.text(key);
    if (written && *written != "off") {
      map.complain_at(*node, in_quotes(*written) + " is not possible here: write off or {" + inner +
                                 ": " + *written + "}");
      written.value.reset();
    }
    return written;
  }

  void drain(YamlMapping& map, Draft& draft) {
    const YamlNode* node = map.child("drain");
    if (!node) return;
    YamlMapping drain(*node, map.place_of_child(*node), problems_);
    draft.drain_delay = drain.duration("delay");
    draft.drain_timeout = drain.duration("timeout");
    drain.finish();
  }

  DraftHttp http(YamlMapping& map) {
    DraftHttp draft;
    const YamlNode* node = map.child("http");
    if (!node) return draft;
    YamlMapping http(*node, map.place_of_child(*node), problems_);
    draft.normalize_paths = http.boolean("normalize_paths");
    draft.encoded_slashes = http.word<EncodedSlashes>("encoded_slashes");
    draft.underscores_in_headers = http.word<UnderscoreNames>("underscores_in_headers");
    draft.trusted_networks = http.texts("trusted_networks");
    draft.forwarded = http.boolean("forwarded");
    http.finish();
    return draft;
  }

  DraftResolver resolver(YamlMapping& map) {
    DraftResolver draft;
    const YamlNode* node = map.child("resolver");
    if (!node) return draft;
    YamlMapping resolver(*node, map.place_of_child(*node), problems_);
    draft.servers = resolver.texts("servers");
    draft.timeout = resolver.duration("timeout");
    draft.min_ttl = resolver.duration("min_ttl");
    draft.max_ttl = resolver.duration("max_ttl");
    resolver.finish();
    return draft;
  }

  DraftLimits limits(YamlMapping& map) {
    DraftLimits draft;
    const YamlNode* node = map.child("limits");
    if (!node) return draft;
    YamlMapping limits(*node, map.place_of_child(*node), problems_);
    draft.connections = limits.count("connections");
    draft.connections_per_client = limits.count("connections_per_client");
    draft.hello_size = limits.size("hello_size");
    draft.hello_timeout = limits.duration("hello_timeout");
    draft.handshake_timeout = limits.duration("handshake_timeout");
    draft.connect_timeout = limits.duration("connect_timeout");
    draft.connect_attempts = limits.count("connect_attempts");
    draft.idle_timeout = limits.duration("idle_timeout");
    draft.half_closed_timeout = limits.duration("half_closed_timeout");
    draft.pipe_memory = limits.size("pipe_memory");
    draft.turn_bytes = limits.size("turn_bytes");
    http_limits(limits, draft);
    limits.finish();
    return draft;
  }

  static void http_limits(YamlMapping& limits, DraftLimits& draft) {
    draft.header_size = limits.size("header_size");
    draft.header_count = limits.count("header_count");
    draft.header_timeout = limits.duration("header_timeout");
    draft.body_size = limits.size("body_size");
    draft.body_timeout = limits.duration("body_timeout");
    draft.keep_alive_timeout = limits.duration("keep_alive_timeout");
    draft.response_timeout = limits.duration("response_timeout");
    draft.response_idle_timeout = limits.duration("response_idle_timeout");
    draft.request_timeout = limits.duration("request_timeout");
    draft.tunnel_idle_timeout = limits.duration("tunnel_idle_timeout");
    draft.backend_idle_connections = limits.count("backend_idle_connections");
    draft.backend_idle_timeout = limits.duration("backend_idle_timeout");
    draft.http2_streams = limits.count("http2_streams");
    draft.http2_resets = limits.count("http2_resets");
    draft.http2_control_frames = limits.count("http2_control_frames");
  }

  DraftListener listener(YamlMapping& map) {
    DraftListener draft;
    draft.place = map.place();
    draft.name = map.text("name");
    draft.address = map.text("address");
    draft.protocol = map.word<Protocol>("protocol");
    draft.unknown_sni = map.word<UnknownSni>("unknown_sni");
    draft.http2 = map.boolean("http2");
    draft.proxy_protocol = map.word<ProxyProtocolIn>("proxy_protocol");
    draft.trusted_networks = map.texts("trusted_networks");
    draft.sslmode = map.word<SslMode>("sslmode");
    draft.service = map.target("service");
    return draft;
  }

  DraftSite site(YamlMapping& map) {
    DraftSite draft;
    draft.place = map.place();
    draft.hosts = map.text_or_texts("host");
    draft.listeners = map.texts("listeners");
    draft.scenario = map.word<Scenario>("scenario");
    draft.secrets = map.text_or_texts("secret");
    draft.any_certificate = map.boolean("any_certificate");
    draft.min_tls = map.word<TlsVersion>("min_tls");
    draft.ciphers = map.text_or_texts("ciphers");
    draft.groups = map.text_or_texts("groups");
    draft.ocsp = mapping(map, "ocsp", &ocsp);
    draft.alpn = map.texts("alpn");
    draft.kernel_tls = map.word<KernelTls>("kernel_tls");
    draft.client_auth = client_auth(map);
    draft.redirect_http = map.word<RedirectHttp>("redirect_http");
    draft.redirect_code = map.count("redirect_code");
    draft.preserve_trailing_slash = map.boolean("preserve_trailing_slash");
    draft.hsts = mapping(map, "hsts", &hsts);
    draft.body_size = map.size("body_size");
    draft.respond = map.count("respond");
    draft.service = map.target("service");
    draft.routes = list(map, "routes", &DraftReader::route);
    return draft;
  }

  // What the mapping under `key` is read to be by `fill`, which asks for all keys that it can have.
  template <class T>
  Written<T> mapping(YamlMapping& map, const char* key, void (*fill)(YamlMapping&, T&)) {
    Written<T> written;
    written.place = map.place();
    const YamlNode* node = map.child(key);
    if (!node) return written;
    written.given = true;
    written.place = map.place_of_child(*node);
    YamlMapping inner(*node, written.place, problems_);
    if (!inner.valid()) return written;
    written.value.emplace();
    fill(inner, *written.value);
    inner.finish();
    return written;
  }

  Written<DraftClientAuth> client_auth(YamlMapping& map) {
    Written<DraftClientAuth> written;
    written.place = map.place();
    const YamlNode* node = map.child("client_auth");
    if (!node) return written;
    written.given = true;
    written.place = map.place_of_child(*node);
    YamlMapping auth(*node, written.place, problems_);
    if (!auth.valid()) return written;
    written.value.emplace();
    written.value->verify = auth.word<VerifyClient>("verify");
    written.value->secret = auth.text("secret");
    written.value->depth = auth.count("depth");
    written.value->crl_check = auth.word<CrlCheck>("crl_check");
    written.value->on_failure = auth.word<OnFailure>("on_failure");
    written.value->error_page = auth.text("error_page");
    written.value->match = mapping(auth, "match", &client_match);
    written.value->pass = mapping(auth, "pass", &client_pass);
    auth.finish();
    return written;
  }

  static void ocsp(YamlMapping& ocsp, DraftOcsp& draft) {
    draft.staple = ocsp.boolean("staple");
    draft.responder = ocsp.text("responder");
  }

  static void client_match(YamlMapping& match, DraftClientMatch& draft) {
    draft.cn = match.text_or_texts("cn");
    draft.ou = match.text_or_texts("ou");
    draft.dns = match.text_or_texts("dns");
    draft.uri = match.text_or_texts("uri");
    draft.email = match.text_or_texts("email");
    draft.ip = match.text_or_texts("ip");
    draft.fingerprint_sha256 = match.text_or_texts("fingerprint_sha256");
    draft.cn_pattern = match.text_or_texts("cn_pattern");
    draft.subject_pattern = match.text_or_texts("subject_pattern");
  }

  static void client_pass(YamlMapping& pass, DraftClientPass& draft) {
    draft.as = pass.word<ClientFields>("as");
    draft.certificate = pass.boolean("certificate");
  }

  static void ticket_keys(YamlMapping& keys, Written<std::string>& secret) {
    secret = keys.text("secret");
  }

  DraftRoute route(YamlMapping& map) {
    DraftRoute draft;
    draft.place = map.place();
    draft.path = map.text("path");
    draft.path_type = map.word<PathType>("path_type");
    draft.service = map.target("service");
    draft.redirect = mapping(map, "redirect", &redirect);
    draft.respond = map.count("respond");
    draft.client_auth = client_auth(map);
    draft.rewrite = map.text("rewrite");
    draft.host_header = map.text("host_header");
    draft.request_headers = map.fields("request_headers");
    draft.response_headers = map.fields("response_headers");
    draft.allow = map.text_or_texts("allow");
    draft.deny = map.text_or_texts("deny");
    draft.redirect_http = map.word<RedirectHttp>("redirect_http");
    draft.limits = mapping(map, "limits", &route_limits);
    draft.affinity = mapping(map, "affinity", &affinity);
    return draft;
  }

  static void redirect(YamlMapping& map, DraftRedirect& draft) {
    draft.code = map.count("code");
    draft.to = map.text("to");
  }

  static void hsts(YamlMapping& map, DraftHsts& draft) {
    draft.max_age = map.duration("max_age");
    draft.include_subdomains = map.boolean("include_subdomains");
    draft.preload = map.boolean("preload");
  }

  static void route_limits(YamlMapping& limits, DraftRouteLimits& draft) {
    draft.connect_timeout = limits.duration("connect_timeout");
    draft.connect_attempts = limits.count("connect_attempts");
    draft.body_size = limits.size("body_size");
    draft.body_timeout = limits.duration("body_timeout");
    draft.response_timeout = limits.duration("response_timeout");
    draft.response_idle_timeout = limits.duration("response_idle_timeout");
    draft.tunnel_idle_timeout = limits.duration("tunnel_idle_timeout");
  }

  static void affinity(YamlMapping& map, DraftAffinity& draft) {
    draft.cookie = map.text("cookie");
    draft.path = map.text("path");
    draft.domain = map.text("domain");
    draft.max_age = map.duration("max_age");
    draft.same_site = map.word<SameSite>("same_site");
    draft.secure = map.boolean("secure");
    draft.change_on_failure = map.boolean("change_on_failure");
  }

  DraftService service(YamlMapping& map) {
    DraftService draft;
    draft.place = map.place();
    draft.name = map.text("name");
    draft.endpoints = map.texts("endpoints");
    draft.tls = backend_tls(map);
    draft.proxy_protocol = map.word<ProxyProtocolOut>("proxy_protocol");
    draft.protocol = map.word<BackendProtocol>("protocol");
    draft.health = health(map);
    return draft;
  }

  Written<DraftHealth> health(YamlMapping& map) {
    Written<DraftHealth> written;
    written.place = map.place();
    const YamlNode* node = map.child("health");
    if (!node) return written;
    written.given = true;
    written.place = map.place_of_child(*node);
    YamlMapping health(*node, written.place, problems_);
    if (!health.valid()) return written;
    DraftHealth& draft = written.value.emplace();
    draft.place = written.place;
    draft.grpc = health.text("grpc");
    draft.interval = health.duration("interval");
    draft.timeout = health.duration("timeout");
    draft.healthy_threshold = health.count("healthy_threshold");
    draft.unhealthy_threshold = health.count("unhealthy_threshold");
    health.finish();
    return written;
  }

  Written<DraftBackendTls> backend_tls(YamlMapping& map) {
    Written<DraftBackendTls> written;
    written.place = map.place();
    const YamlNode* node = map.child("tls");
    if (!node) return written;
    written.given = true;
    written.place = map.place_of_child(*node);
    YamlMapping tls(*node, written.place, problems_);
    if (!tls.valid()) return written;
    written.value.emplace();
    written.value->verify = tls.word<VerifyBackend>("verify");
    written.value->sslmode = tls.word<SslMode>("sslmode");
    written.value->secret = tls.text("secret");
    written.value->name = tls.text("name");
    written.value->names = tls.text_or_texts("names");
    written.value->depth = tls.count("depth");
    written.value->crl_check = tls.word<CrlCheck>("crl_check");
    written.value->min_tls = tls.word<TlsVersion>("min_tls");
    written.value->max_tls = tls.word<TlsVersion>("max_tls");
    written.value->ciphers = tls.text_or_texts("ciphers");
    written.value->groups = tls.text_or_texts("groups");
    written.value->alpn = tls.texts("alpn");
    written.value->kernel_tls = tls.word<KernelTls>("kernel_tls");
    tls.finish();
    return written;
  }

  DraftSecret secret(YamlMapping& map) {
    DraftSecret draft;
    draft.place = map.place();
    draft.name = map.text("name");
    draft.directory = map.text("directory");
    draft.tls_crt = map.text("tls.crt");
    draft.tls_key = map.text("tls.key");
    draft.ca_crt = map.text("ca.crt");
    draft.ca_crl = map.text("ca.crl");
    draft.ticket_keys = map.text_or_texts("ticket.key");
    draft.ca_overlap = map.duration("ca_overlap");
    return draft;
  }

  Problems& problems_;
};

}  // namespace

Draft read_draft(const YamlNode& root, const std::string& file, Problems& problems) {
  Draft draft = DraftReader(problems).read(root, place_of(root, file, ""));
  size_t slash = file.rfind('/');
  if (slash != std::string::npos) draft.folder = file.substr(0, slash + 1);
  return draft;
}

}  // namespace sallyport
