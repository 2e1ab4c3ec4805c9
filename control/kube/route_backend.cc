#include "control/kube/route_backend.h"

#include <algorithm>

#include "control/kube/secret_check.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/hostname.h"

namespace sallyport::kube {

namespace {

// More intermediates than any chain has, and than the model allows.
constexpr int kMostDepth = 16;

class Choosing {
 public:
  Choosing(const HostContext& context, const IngressBackend& backend, RouteEntry& entry)
      : context_(context), backend_(backend), entry_(entry), record_(*entry.record) {}

  void run() {
    std::optional<ServiceKey> key = service();
    if (!key) return;
    BackendProtocol protocol = record_.notes.protocol;
    if (refuse_protocol(protocol)) return;
    bool grpc = protocol == BackendProtocol::Grpc;
    bool grpcs = protocol == BackendProtocol::Grpcs;
    bool either = protocol == BackendProtocol::AutoHttp;
    bool plain = protocol == BackendProtocol::Http || grpc || either;
    bool secure = protocol == BackendProtocol::Https || grpcs || either;
    key->http2 = grpc || grpcs;
    if (grpc) key->variant = "h2c";
    if (plain) entry_.plain = key;
    if (secure && !add_tls(*key)) entry_.plain.reset();
  }

 private:
  void answer_503(std::string where, const char* code, const std::string& why) {
    entry_.route.respond = 503;
    context_.report(record_, std::move(where), Verdict::Refused, Severity::Error, code,
                    why + ", so " + in_quotes(entry_.route.path) + " is answered 503");
  }

  std::optional<ServiceKey> service() {
    std::string where = entry_.where + ".backend";
    if (!backend_.resource.empty()) {
      answer_503(where + ".resource", "resource-backend",
                 in_quotes(backend_.resource) + " is no Service, and nothing else can be served: "
                                                "name a Service that serves it");
      return std::nullopt;
    }
    ObjectName name{record_.name().space, backend_.service};
    const Object* object = context_.look(Kind::Service, name);
    if (!object) {
      answer_503(where + ".service", "missing-service",
                 "Service " + in_quotes(name.text()) + " does not exist");
      return std::nullopt;
    }
    const auto& service = object->as<Service>();
    bool external = service.type == "ExternalName";
    if (external && !may_be_external(service.external_name)) {
      answer_503(where + ".service", "external-name",
                 "Service " + in_quotes(name.text()) + " stands for " +
                     in_quotes(service.external_name) +
                     ", which is this machine or no name at all: name another host");
      return std::nullopt;
    }
    const ServicePort* port = find_port(service, backend_);
    if (!port && !(external && backend_.port > 0)) {
      answer_503(where + ".service.port", "missing-port",
                 "Service " + in_quotes(name.text()) + " has no port " +
                     (backend_.port_name.empty() ? std::to_string(backend_.port)
                                                 : in_quotes(backend_.port_name)));
      return std::nullopt;
    }
    return ServiceKey{name, std::to_string(port ? port->port : backend_.port), "", std::nullopt};
  }

  bool refuse_protocol(BackendProtocol protocol) {
    std::string where = annotation_key(*record_.object, "backend-protocol");
    switch (protocol) {
      case BackendProtocol::Unknown:
        answer_503(where, "backend-protocol",
                   "is none of HTTP, HTTPS, GRPC, GRPCS and AUTO_HTTP; ingress-nginx would send "
                   "plain HTTP, even where TLS was meant");
        return true;
      case BackendProtocol::Fcgi:
        answer_503(where, "backend-protocol",
                   "FCGI is not spoken: put an HTTP server in front of the application");
        return true;
      default: return false;
    }
  }

  // Whose proxy-ssl annotations are for this path: its own Ingress', else the oldest's of the host
  // that has a Secret, as ingress-nginx writes them at the server's level.
  const IngressRecord& who_says_tls() const {
    if (record_.notes.backend_tls.secret.given) return record_;
    if (context_.around.global.backend_tls_by_path_only) return record_;
    for (const IngressRecord* other : context_.input.ingresses) {
      if (other->notes.backend_tls.secret.given && fault_of(*other).empty()) return *other;
    }
    return record_;
  }

  std::string fault_of(const IngressRecord& record) const {
    const ObjectName& name = record.notes.backend_tls.secret.name;
    if (name.space != record.name().space && !context_.around.global.context.cross_namespace) {
      return "Secret " + in_quotes(name.text()) +
             " is of another namespace, which allow-cross-namespace-resources does not allow";
    }
    const Object* object = context_.look(Kind::Secret, name);
    if (!object) return "Secret " + in_quotes(name.text()) + " does not exist";
    const SecretData& data = object->as<Secret>().data;
    bool pair = !data.tls_crt.empty() || !data.tls_key.empty();
    std::string fault = pair ? why_no_key_pair(data) : "";
    if (fault.empty() && !data.ca_crt.empty()) fault = why_no_client_authorities(data, 1);
    if (fault.empty() && !pair && data.ca_crt.empty()) fault = "has neither ca.crt nor tls.crt";
    return fault.empty() ? "" : "Secret " + in_quotes(name.text()) + " " + fault;
  }

  bool add_tls(ServiceKey key) {
    const IngressRecord& says = who_says_tls();
    const BackendTlsNotes& notes = says.notes.backend_tls;
    if (notes.secret.given) {
      std::string fault = fault_of(says);
      if (!fault.empty()) {
        answer_503(annotation_key(*says.object, "proxy-ssl-secret"), "bad-proxy-ssl-secret", fault);
        return false;
      }
    }
    BackendTls tls;
    tls.place.source = says.name().text();
    tls.verify = notes.verify ? VerifyBackend::Full : VerifyBackend::None;
    if (notes.secret.given) tls.secret = notes.secret.name.text();
    if (notes.verify || (notes.secret.given && notes.server_name)) tls.name = notes.name;
    if (context_.around.settings.require_backend_verification) tls.verify = VerifyBackend::Full;
    if (tls.verify == VerifyBackend::Full && tls.name.empty()) {
      tls.name = key.service.name + "." + key.service.space + ".svc";
    }
    if (!tls.name.empty() && !check_name(says, tls)) return false;
    if (!notes.two) tls.min_tls = TlsVersion::V1_3;
    if (!notes.three) tls.max_tls = TlsVersion::V1_2;
    if (notes.two) add_ciphers(notes.ciphers, tls.offer);
    if (tls.verify == VerifyBackend::Full) tls.depth = std::min(notes.depth, kMostDepth);
    report_verification(says, tls);
    key.variant = key.http2 ? "h2:" : "tls:";
    key.variant += says.notes.backend_tls.secret.given || notes.verify
                       ? says.name().text()
                       : std::string(name(tls.verify));
    if (key.http2) tls.alpn = {"h2"};
    key.tls = std::move(tls);
    entry_.secure = std::move(key);
    return true;
  }

  bool check_name(const IngressRecord& says, BackendTls& tls) {
    auto name = parse_dns_name(tls.name);
    if (name) {
      tls.name = *name;
      return true;
    }
    answer_503(annotation_key(*says.object, "proxy-ssl-name"), "proxy-ssl-name",
               name.error().message);
    return false;
  }

  void report_verification(const IngressRecord& says, const BackendTls& tls) {
    const BackendTlsNotes& notes = says.notes.backend_tls;
    if (tls.verify == VerifyBackend::None) {
      context_.report(record_, annotation_key(*record_.object, "backend-protocol"),
                      Verdict::Differs, Severity::Warning, "backend-not-verified",
                      "takes any certificate for the backend's, as in ingress-nginx: name a Secret "
                      "with ca.crt in proxy-ssl-secret and say proxy-ssl-verify: on, or set "
                      "kubernetes.require_backend_verification");
    } else if (notes.verify && !notes.secret.given) {
      context_.report(record_, annotation_key(*says.object, "proxy-ssl-verify"), Verdict::Differs,
                      Severity::Warning, "verified-by-system",
                      "checks backends by the system's authorities, where ingress-nginx does not "
                      "check them at all without proxy-ssl-secret");
    }
    if (notes.verify && notes.name.empty()) {
      context_.report(record_, annotation_key(*says.object, "proxy-ssl-verify"), Verdict::Differs,
                      Severity::Note, "service-name",
                      "the backend's certificate must have the name " + in_quotes(tls.name) +
                          ", where ingress-nginx would fail every check: say proxy-ssl-name if it "
                          "has another");
    }
  }

  const HostContext& context_;
  const IngressBackend& backend_;
  RouteEntry& entry_;
  const IngressRecord& record_;
};

}  // namespace

void choose_backend(const HostContext& context, const IngressBackend& backend, RouteEntry& entry) {
  Choosing(context, backend, entry).run();
}

}  // namespace sallyport::kube
