#include "dataplane/model/validate_listeners.h"

#include <map>

#include "dataplane/model/bind_address.h"
#include "dataplane/model/complain.h"

namespace sallyport {
namespace {

// Something that listens.
struct Claim {
  BindAddress bind;
  std::string what;
  Place place;
  bool written = true;  // false: an address by default, of which no value stands anywhere
};

std::string text_of(const BindAddress& bind) {
  return bind.any ? ":" + std::to_string(bind.address.port()) : bind.address.text();
}

class Listeners {
 public:
  Listeners(const Draft& draft, ServiceBook& services, Config& config, Problems& problems)
      : draft_(draft), services_(services), config_(config), problems_(problems) {}

  void run() {
    const auto& listeners = draft_.listeners;
    if (!listeners.wrong() && (!listeners || listeners->empty())) {
      complain(problems_, listeners.place,
               std::string(listeners.given ? "is empty" : "listeners is missing") +
                   ": write at least one, such as {address: \":443\", protocol: https}");
    }
    if (listeners) {
      for (const DraftListener& listener : *listeners) {
        config_.listeners.push_back(checked(listener));
      }
    }
    claim_http("metrics", config_.metrics, draft_.metrics.given);
    claim_http("admin", config_.admin, draft_.admin.given);
  }

 private:
  ListenerConfig checked(const DraftListener& draft) {
    ListenerConfig listener;
    listener.place = draft.place;
    listener.protocol = draft.protocol.or_else(Protocol::Https);
    listener.unknown_sni = draft.unknown_sni.or_else(UnknownSni::Refuse);
    if (draft.unknown_sni.given) listener.unknown_sni_place = draft.unknown_sni.place;
    listener.http2 = draft.http2.or_else(draft.protocol.value == Protocol::Https);
    listener.proxy_protocol = draft.proxy_protocol.or_else(ProxyProtocolIn::Off);
    check_name_of(draft, listener);
    check_address(draft, listener);
    check_protocol(draft, listener);
    check_sslmode(draft, listener);
    check_trust(draft, listener);
    return listener;
  }

  void check_name_of(const DraftListener& draft, ListenerConfig& listener) {
    if (draft.name.wrong()) return;
    if (!draft.name.given) {
      listener.name = draft.address.or_else({});
      names_.emplace(listener.name, draft.place);
      return;
    }
    if (!check_name(draft.name, problems_)) return;
    listener.name = *draft.name;
    auto [it, fresh] = names_.emplace(listener.name, draft.place);
    if (!fresh) {
      complain(problems_, draft.name.place,
               in_quotes(listener.name) + " is already the name of the listener at " +
                   it->second.text());
    }
  }

  void check_address(const DraftListener& draft, ListenerConfig& listener) {
    if (!draft.address.given) complain(problems_, draft.place, "address is missing");
    if (!draft.address) return;
    auto bind = parse_bind_address(*draft.address);
    if (!bind) {
      complain(problems_, draft.address.place,
               bind.error().message +
                   ", such as 10.0.0.1:443, [::1]:443, or :443 for every address");
      return;
    }
    listener.address = bind->address;
    listener.any = bind->any;
    claim({*bind, "the listener", draft.address.place});
  }

  void claim_http(const char* what, const HttpAddress& http, bool written) {
    if (!http.address.valid()) return;
    claim({{http.address, http.any}, what, http.place, written});
  }

  // Complains at the later of two that want one address, or at the one that somebody wrote.
  void claim(Claim next) {
    for (const Claim& last : claims_[next.bind.address.port()]) {
      if (!collide(last.bind, next.bind)) continue;
      const Claim& at = next.written ? next : last;
      const Claim& other = next.written ? last : next;
      complain(problems_, at.place,
               text_of(at.bind) + " is already taken by " + other.what +
                   (other.written ? " at " + other.place.text() : ", by default") +
                   ": write another address");
      return;
    }
    claims_[next.bind.address.port()].push_back(std::move(next));
  }

  void check_protocol(const DraftListener& draft, ListenerConfig& listener) {
    if (!draft.protocol) {
      if (!draft.protocol.given) {
        complain(problems_, draft.place, "protocol is missing: write http, https, tls or tcp");
      }
      return;
    }
    if (listener.protocol == Protocol::Tcp) {
      check_tcp(draft, listener);
      return;
    }
    if (draft.service.given) {
      complain(problems_, draft.service.place,
               std::string("is only for tcp listeners: on ") + name(listener.protocol) +
                   " sites say where the traffic of each host goes");
    }
    if (listener.protocol == Protocol::Tls) refuse_http2(draft);
    if (listener.protocol == Protocol::Http && draft.unknown_sni.given) {
      complain(problems_, draft.unknown_sni.place,
               "has no effect on an http listener, where there is no TLS to refuse a name in: "
               "leave it out; a site \"*\" takes the hosts that no other site has");
    }
  }

  void check_sslmode(const DraftListener& draft, ListenerConfig& listener) {
    if (!draft.sslmode) return;
    const Place& place = draft.sslmode.place;
    if (draft.protocol && listener.protocol != Protocol::Tls) {
      complain(problems_, place,
               std::string("is only for tls listeners, where clients are PostgreSQL's: ") +
                   name(listener.protocol) + " listeners have none");
    } else if (*draft.sslmode == SslMode::Disable) {
      complain(problems_, place,
               "disable is no TLS at all: write protocol: tcp, and leave sslmode out");
    } else {
      listener.sslmode = *draft.sslmode;
    }
  }

  void refuse_http2(const DraftListener& draft) {
    if (!draft.http2.given) return;
    complain(problems_, draft.http2.place,
             "is only for https and http listeners, where requests are read: leave it out");
  }

  void check_tcp(const DraftListener& draft, ListenerConfig& listener) {
    if (draft.unknown_sni.given) {
      complain(problems_, draft.unknown_sni.place,
               "has no effect on a tcp listener, which sees no names: leave it out");
    }
    refuse_http2(draft);
    if (!draft.service.given) {
      complain(problems_, draft.place, "service is missing: a tcp listener needs one to send to");
      return;
    }
    const ServiceConfig* service = services_.resolve(draft.service, listener.name);
    if (!service) return;
    listener.service = service->name;
    if (service->tls) {
      complain(problems_, draft.service.place,
               "service " + in_quotes(service->name) +
                   " has tls, but a tcp listener sends bytes as they come: name a service without "
                   "tls");
    }
  }

  void check_trust(const DraftListener& draft, ListenerConfig& listener) {
    const auto& networks = draft.trusted_networks;
    listener.trusted_networks = check_networks(networks, problems_);
    if (draft.proxy_protocol.wrong()) return;
    if (networks.given && listener.proxy_protocol == ProxyProtocolIn::Off) {
      complain(problems_, networks.place,
               "has no effect without proxy_protocol: write proxy_protocol: required or optional");
    } else if (networks && networks->empty()) {
      complain(problems_, networks.place, "is empty: write networks such as 10.0.0.0/8");
    } else if (!networks.given && listener.proxy_protocol == ProxyProtocolIn::Optional) {
      complain(problems_, draft.proxy_protocol.place,
               "optional would believe anybody's header: write trusted_networks as well");
    }
  }

  const Draft& draft_;
  ServiceBook& services_;
  Config& config_;
  Problems& problems_;
  std::map<std::string, Place> names_;
  std::map<uint16_t, std::vector<Claim>> claims_;
};

}  // namespace

void validate_listeners(const Draft& draft, ServiceBook& services, Config& config,
                        Problems& problems) {
  Listeners(draft, services, config, problems).run();
}

}  // namespace sallyport
