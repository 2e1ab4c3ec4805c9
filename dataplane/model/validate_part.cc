#include "dataplane/model/validate_part.h"

#include <utility>

#include "dataplane/model/secret_book.h"
#include "dataplane/model/service_book.h"
#include "dataplane/model/validate_sites.h"

namespace sallyport {

PartValidator::PartValidator(const Draft& file, const Config& base)
    : draft_(file), settings_(base.settings()) {
  draft_.sites.clear();
  draft_.services.clear();
  draft_.secrets.clear();
  draft_.secrets_elsewhere = true;
  if (!draft_.listeners) return;
  // Only what refuses concerns one site; that somebody is served by default concerns them all.
  for (DraftListener& listener : *draft_.listeners.value) {
    if (listener.unknown_sni.or_else(UnknownSni::Default) == UnknownSni::Refuse) continue;
    listener.unknown_sni = {};
  }
}

SitePart PartValidator::site(const DraftSite& draft, ServiceConfigs services) {
  SitePart part;
  Config config;
  static_cast<Settings&>(config) = settings_;
  SecretBook secrets(draft_, part.problems);
  ServiceBook book(draft_, secrets, part.problems, services);
  draft_.sites = {draft};
  validate_sites(draft_, secrets, book, config, part.problems);
  draft_.sites.clear();
  if (!part.problems.empty()) return part;
  part.site = config.sites.items().front();
  for (ServiceConfig& service : book.all()) {
    part.services.push_back(std::make_shared<const ServiceConfig>(std::move(service)));
  }
  return part;
}

ServicePart PartValidator::service(const DraftService& draft) {
  ServicePart part;
  SecretBook secrets(draft_, part.problems);
  draft_.services = {draft};
  ServiceBook book(draft_, secrets, part.problems);
  draft_.services.clear();
  if (!part.problems.empty()) return part;
  part.service = std::make_shared<const ServiceConfig>(std::move(book.all().front()));
  return part;
}

}  // namespace sallyport
