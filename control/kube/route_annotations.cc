#include "control/kube/route_annotations.h"

#include <algorithm>

#include "dataplane/model/complain.h"
#include "dataplane/model/route_rules.h"
#include "dataplane/model/text_template.h"

namespace sallyport::kube {

namespace {

// Variables of nginx that mean something in a target here, too.
bool known_variables(const std::string& text) {
  return TextTemplate::parse(text, 9, TextTemplate::Words::OfRequest).ok();
}

class Applying {
 public:
  Applying(const HostContext& context, RouteEntry& entry)
      : context_(context), route_(entry.route), record_(*entry.record), notes_(record_.notes) {}

  void run() {
    route_.allow = notes_.allow;
    route_.deny = notes_.deny;
    if (!notes_.locked_by.empty()) {
      route_.respond = 503;  // reported with the annotation
    } else {
      redirect();
    }
    if (route_.respond || route_.redirect) return;
    rewrite();
    if (!route_.respond) fields();
    if (!route_.respond) limits();
    if (!route_.respond && notes_.affinity.cookie) affinity();
    if (route_.respond) route_ = bare_answer(route_);
  }

  // Values are whoever's who may write an Ingress: what no message can have goes into none.
  void check() {
    Result<void> good = check_route(route_);
    if (good) return;
    route_.redirect.reset();
    route_.respond = 503;
    route_ = bare_answer(route_);
    context_.report(record_, "metadata.annotations", Verdict::Refused, Severity::Error, "bad-value",
                    good.error().message + ", so " + in_quotes(route_.path) + " is answered 503");
  }

 private:
  void answer_503(const char* annotation, const char* code, const std::string& why) {
    route_.respond = 503;
    context_.report(record_, annotation_key(*record_.object, annotation), Verdict::Refused,
                    Severity::Error, code, why + ", so " + in_quotes(route_.path) +
                                               " is answered 503");
  }

  void redirect() {
    bool temporal = notes_.temporal.has_value();
    const auto& chosen = temporal ? notes_.temporal : notes_.permanent;
    if (!chosen) return;
    const char* annotation = temporal ? "temporal-redirect" : "permanent-redirect";
    uint16_t code = temporal ? notes_.temporal_code : notes_.permanent_code;
    if (!is_redirect_status(code)) {
      uint16_t usual = temporal ? 302 : 301;
      std::string key = std::string(annotation) + "-code";
      context_.report(record_, annotation_key(*record_.object, key), Verdict::Differs,
                      Severity::Warning, "redirect-code",
                      std::to_string(code) + " is no redirect that clients follow, and counts as " +
                          std::to_string(usual));
      code = usual;
    }
    bool groups = chosen->to.find_first_of('$') != std::string::npos;
    if (groups && !known_variables(chosen->to)) {
      return answer_503(annotation, "nginx-variable",
                        "has a variable of nginx that is not known here (known: $host, "
                        "$request_uri, $is_args, $args)");
    }
    route_.redirect = RedirectConfig{code, chosen->to};
  }

  void rewrite() {
    std::string target = notes_.rewrite_target;
    if (target.empty() || target == route_.path) return;
    if (!target.starts_with('/') && !target.starts_with('$')) target = "/" + target;
    bool good = true;
    for (size_t at = target.find('$'); at != std::string::npos; at = target.find('$', at)) {
      bool group = at + 1 < target.size() && target[at + 1] >= '1' && target[at + 1] <= '9';
      if (!group) good = false;
      if (!group || route_.path_type == PathType::Regex) {
        ++at;
      } else {
        target.erase(at, 2);  // an Exact path has no groups, which are then empty
      }
    }
    if (!good) {
      return answer_503("rewrite-target", "nginx-variable",
                        "has a variable of nginx, where only $1 to $9 are known");
    }
    route_.rewrite = target;
    if (!notes_.forwarded_prefix.empty()) {
      route_.request_headers.push_back({"X-Forwarded-Prefix", notes_.forwarded_prefix});
    }
  }

  void fields() {
    if (!notes_.vhost.empty()) {
      if (notes_.vhost.find('$') != std::string::npos) {
        return answer_503("upstream-vhost", "nginx-variable",
                          "has a variable of nginx, where only a name is known");
      }
      route_.host_header = notes_.vhost;
    }
    if (notes_.custom_headers.given) custom_headers();
  }

  void custom_headers() {
    const ObjectName& name = notes_.custom_headers.name;
    if (name.space != record_.name().space && !context_.around.global.context.cross_namespace) {
      return answer_503("custom-headers", "cross-namespace",
                        "ConfigMap " + in_quotes(name.text()) + " is of another namespace");
    }
    const Object* map = context_.look(Kind::ConfigMap, name);
    if (!map) {
      return answer_503("custom-headers", "missing-config-map",
                        "ConfigMap " + in_quotes(name.text()) + " does not exist");
    }
    const auto& allowed = context_.around.global.response_headers;
    for (const auto& [field, value] : map->as<ConfigMap>().data) {
      std::string lower = field;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (std::find(allowed.begin(), allowed.end(), lower) == allowed.end()) {
        return answer_503("custom-headers", "header-not-allowed",
                          "field " + in_quotes(field) + " is not one of "
                          "global-allowed-response-headers in the ConfigMap");
      }
      route_.response_headers.push_back({field, value});
    }
  }

  void limits() {
    RouteLimits& limits = route_.limits;
    limits.connect_timeout = notes_.connect_timeout;
    limits.response_timeout = notes_.read_timeout;
    limits.response_idle_timeout = notes_.read_timeout;
    limits.tunnel_idle_timeout = notes_.read_timeout;
    limits.body_timeout = notes_.send_timeout;
    if (notes_.body_size != context_.around.global.defaults.body_size) {
      limits.body_size = notes_.body_size;
    }
  }

  void affinity() {
    const AffinityNotes& wanted = notes_.affinity;
    AffinityConfig& affinity = route_.affinity.emplace();
    affinity.cookie = wanted.name;
    affinity.path = !wanted.path.empty()                      ? wanted.path
                    : route_.path_type == PathType::Regex     ? "/"
                                                              : route_.path;
    affinity.domain = wanted.domain;
    affinity.max_age = Seconds(wanted.max_age.value_or(0));
    for (const Word<SameSite>& word : words<SameSite>()) {
      if (wanted.same_site == word.text) affinity.same_site = word.value;
    }
    if (!annotation_key(*record_.object, "session-cookie-secure").empty()) {
      affinity.secure = wanted.secure;
    }
    affinity.change_on_failure = wanted.change_on_failure;
  }

  const HostContext& context_;
  RouteConfig& route_;
  const IngressRecord& record_;
  const IngressNotes& notes_;
};

}  // namespace

void apply_annotations(const HostContext& context, RouteEntry& entry) {
  Applying applying(context, entry);
  applying.run();
  applying.check();
}

RouteConfig bare_answer(const RouteConfig& route) {
  RouteConfig bare;
  bare.path = route.path;
  bare.path_type = route.path_type;
  bare.redirect = route.redirect;
  bare.respond = route.respond;
  bare.allow = route.allow;
  bare.deny = route.deny;
  bare.place = route.place;
  return bare;
}

}  // namespace sallyport::kube
