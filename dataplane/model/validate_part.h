// The way to single sites and services that come and go one by one, beside those of a file.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

using ServiceConfigs = std::span<const std::shared_ptr<const ServiceConfig>>;

struct SitePart {
  std::shared_ptr<const SiteConfig> site;  // exactly when there are no problems
  /// Those whose endpoints are written in the site, named after its first host.
  std::vector<std::shared_ptr<const ServiceConfig>> services;
  Problems problems;
};

struct ServicePart {
  std::shared_ptr<const ServiceConfig> service;  // exactly when there are no problems
  Problems problems;
};

/// Checks each as if it stood in the file, with what follows from standing alone: names of secrets
/// are not looked up, for their contents come with the parts; that no two sites have one host is
/// the caller's to see to; and a site "*" may be on each listener that does not refuse unknown
/// names in so many words. Costs what the site costs, however many there are.
/// Thread: one at a time.
class PartValidator {
 public:
  /// `file` as it was read, and `base` what validate() made of it.
  PartValidator(const Draft& file, const Config& base);

  /// `services` are at least those that the site names.
  SitePart site(const DraftSite& draft, ServiceConfigs services);
  ServicePart service(const DraftService& draft);

 private:
  Draft draft_;  // without sites, services and secrets
  Settings settings_;
};

}  // namespace sallyport
