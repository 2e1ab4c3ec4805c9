// The services of a configuration: the declared ones, and those that are written in place.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"
#include "dataplane/model/secret_book.h"

namespace sallyport {

/// "host:port": a name, an IPv4 address, or an IPv6 address in brackets.
Result<EndpointConfig> parse_endpoint(std::string_view text);

/// REQUIRES: all outlive it.
class ServiceBook {
 public:
  /// Checks all declared services.
  ServiceBook(const Draft& draft, SecretBook& secrets, Problems& problems)
      : ServiceBook(draft, secrets, problems, {}) {}
  /// With others that can be named, which are checked already and not among all().
  ServiceBook(const Draft& draft, SecretBook& secrets, Problems& problems,
              std::span<const std::shared_ptr<const ServiceConfig>> known);

  /// The service that `target` means, or null after a complaint. Endpoints written in place become
  /// a service that is called `name`, with a number after it if that name is taken.
  /// Valid until the next call.
  const ServiceConfig* resolve(const Written<DraftTarget>& target, const std::string& name);

  /// Null: there is none. Valid until the next resolve().
  const ServiceConfig* find(const std::string& name) const;

  /// All of them, the declared ones first.
  std::vector<ServiceConfig> all() const { return services_; }

 private:
  void declare(const DraftService& service);
  std::vector<EndpointConfig> endpoints(const std::vector<Written<std::string>>& list);
  void take_protocol(const DraftService& draft, ServiceConfig& config);
  BackendTls tls(const Written<DraftBackendTls>& draft);
  std::string free_name(const std::string& name) const;
  void add(ServiceConfig service);

  SecretBook& secrets_;
  Problems& problems_;
  std::vector<ServiceConfig> services_;
  std::map<std::string, size_t> by_name_;
  std::map<std::string_view, const ServiceConfig*> known_;
  std::vector<std::string> declared_;
};

}  // namespace sallyport
