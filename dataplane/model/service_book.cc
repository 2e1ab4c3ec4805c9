#include "dataplane/model/service_book.h"

#include <algorithm>
#include <charconv>

#include "dataplane/model/complain.h"
#include "dataplane/model/health_rules.h"
#include "dataplane/model/hostname.h"
#include "dataplane/model/tls_rules.h"

namespace sallyport {
namespace {

// 0 for what is none.
uint16_t parse_port(std::string_view text) {
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() ? port : uint16_t{0};
}

Result<std::string> parse_endpoint_host(std::string_view text) {
  bool brackets = text.starts_with('[');
  if (auto ip = Address::parse_ip(text); ip && (brackets || ip->is_v4())) return ip->ip_text();
  if (brackets || text.find(':') != std::string_view::npos) {
    return Error{in_quotes(text) +
                 " is not an IPv6 address in brackets: write one such as [2001:db8::1]:8080"};
  }
  auto name = parse_dns_name(text);
  if (name && text.ends_with('.')) return *name + '.';
  return name;
}

}  // namespace

Result<EndpointConfig> parse_endpoint(std::string_view text) {
  size_t colon = text.rfind(':');
  // The colons inside of brackets belong to the address.
  if (colon == std::string_view::npos || text.find(']', colon) != std::string_view::npos) {
    return Error{in_quotes(text) + " has no port: write HOST:PORT, such as 10.0.1.10:8080"};
  }
  auto host = parse_endpoint_host(text.substr(0, colon));
  if (!host) return host.error();
  uint16_t port = parse_port(text.substr(colon + 1));
  if (port == 0) return Error{in_quotes(text) + " does not end in a port: write 1 to 65535"};
  EndpointConfig endpoint;
  endpoint.host = *host;
  endpoint.port = port;
  return endpoint;
}

ServiceBook::ServiceBook(const Draft& draft, SecretBook& secrets, Problems& problems,
                         std::span<const std::shared_ptr<const ServiceConfig>> known)
    : secrets_(secrets), problems_(problems) {
  for (const auto& service : known) known_.emplace(service->name, service.get());
  for (const DraftService& service : draft.services) declare(service);
}

void ServiceBook::declare(const DraftService& service) {
  ServiceConfig config;
  config.place = service.place;
  config.proxy_protocol = service.proxy_protocol.or_else(ProxyProtocolOut::Off);
  if (service.endpoints) {
    config.endpoints = endpoints(*service.endpoints);
    if (service.endpoints->empty()) {
      complain(problems_, service.endpoints.place, "is empty: write at least one HOST:PORT");
    }
  } else if (!service.endpoints.given) {
    complain(problems_, service.place, "endpoints is missing: write a list of HOST:PORT");
  }
  if (service.tls) config.tls = tls(service.tls);
  take_protocol(service, config);
  if (service.health) config.health = check_health(service, problems_);
  if (!service.name.given) complain(problems_, service.place, "name is missing");
  if (!check_name(service.name, problems_)) return;
  config.name = *service.name;
  if (auto other = by_name_.find(config.name); other != by_name_.end()) {
    complain(problems_, service.name.place,
             in_quotes(config.name) + " is already declared at " +
                 services_[other->second].place.text());
    return;
  }
  declared_.push_back(config.name);
  add(std::move(config));
}

void ServiceBook::add(ServiceConfig service) {
  by_name_.emplace(service.name, services_.size());
  services_.push_back(std::move(service));
}

std::vector<EndpointConfig> ServiceBook::endpoints(const std::vector<Written<std::string>>& list) {
  std::vector<EndpointConfig> all;
  for (const Written<std::string>& item : list) {
    if (!item) continue;
    auto endpoint = parse_endpoint(*item);
    if (!endpoint) {
      complain(problems_, item.place, endpoint.error().message);
      continue;
    }
    endpoint->place = item.place;
    if (std::find(all.begin(), all.end(), *endpoint) != all.end()) {
      complain(problems_, item.place, in_quotes(*item) + " is already in the list");
      continue;
    }
    all.push_back(std::move(*endpoint));
  }
  return all;
}

void ServiceBook::take_protocol(const DraftService& draft, ServiceConfig& config) {
  config.protocol = draft.protocol.or_else(BackendProtocol::Http1);
  if (config.protocol == BackendProtocol::Http1) return;
  if (config.proxy_protocol != ProxyProtocolOut::Off) {
    complain(problems_, draft.protocol.place,
             "does not go with proxy_protocol, whose header speaks of one client: connections of "
             "HTTP/2 carry requests of many; leave one of them out");
  }
  if (config.protocol == BackendProtocol::Auto && !draft.tls.given) {
    complain(problems_, draft.protocol.place,
             "auto is what a TLS handshake chooses, and there is no tls: write http1 or http2");
  }
  if (!config.tls) return;
  std::vector<std::string> alpn = {"h2"};
  if (config.protocol == BackendProtocol::Auto) alpn.push_back("http/1.1");
  if (draft.tls && draft.tls->alpn.given && config.tls->alpn != alpn) {
    complain(problems_, draft.tls->alpn.place,
             "is what protocol says it is: leave one of them out");
  }
  config.tls->alpn = std::move(alpn);
}

BackendTls ServiceBook::tls(const Written<DraftBackendTls>& draft) {
  BackendTls tls;
  tls.place = draft.place;
  check_backend_policy(draft, tls, problems_);
  tls.alpn = check_alpn(draft->alpn, problems_);
  if (draft->secret) {
    tls.secret = *draft->secret;
    secrets_.use(tls.secret, draft->secret.place, SecretUse::Backend);
  }
  if (draft->name) {
    auto name = parse_dns_name(*draft->name);
    if (name) {
      tls.name = *name;
    } else {
      complain(problems_, draft->name.place, name.error().message);
    }
  }
  return tls;
}

const ServiceConfig* ServiceBook::resolve(const Written<DraftTarget>& target,
                                          const std::string& name) {
  if (!target) return nullptr;
  if (!target->service.empty()) {
    auto found = by_name_.find(target->service);
    if (found != by_name_.end()) return &services_[found->second];
    auto known = known_.find(target->service);
    if (known != known_.end()) return known->second;
    complain(problems_, target.place, not_declared(target->service, declared_));
    return nullptr;
  }
  ServiceConfig service;
  service.name = free_name(name);
  service.place = target.place;
  service.endpoints = endpoints(target->endpoints);
  if (target->endpoints.empty()) {
    complain(problems_, target.place,
             "names no service: write the name of one, or a list of HOST:PORT");
  }
  add(std::move(service));
  return &services_.back();
}

const ServiceConfig* ServiceBook::find(const std::string& name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &services_[found->second];
}

std::string ServiceBook::free_name(const std::string& name) const {
  std::string free = name;
  for (int i = 2; by_name_.count(free) > 0; ++i) free = name + "-" + std::to_string(i);
  return free;
}

}  // namespace sallyport
