#include "dataplane/model/validate.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "dataplane/model/secret_book.h"
#include "dataplane/model/service_book.h"
#include "dataplane/model/validate_kubernetes.h"
#include "dataplane/model/validate_listeners.h"
#include "dataplane/model/validate_settings.h"
#include "dataplane/model/validate_sites.h"

namespace sallyport {
namespace {

constexpr Word<UnderscoreNames> kUnderscoreNames[] = {{"drop", UnderscoreNames::Drop},
                                                      {"keep", UnderscoreNames::Keep}};

constexpr Word<RedirectHttp> kRedirectHttp[] = {{"true", RedirectHttp::On},
                                                {"false", RedirectHttp::Off},
                                                {"forced", RedirectHttp::Forced}};

bool written_before(const Problem& a, const Problem& b) {
  return std::tie(a.place.source, a.place.line, a.place.column) <
         std::tie(b.place.source, b.place.line, b.place.column);
}

}  // namespace

template <>
std::span<const Word<UnderscoreNames>> words() {
  return kUnderscoreNames;
}

template <>
std::span<const Word<RedirectHttp>> words() {
  return kRedirectHttp;
}

ReadResult validate(const Draft& written, Problems found) {
  Draft completed;
  const Draft& draft = with_default_listeners(written, completed);
  Config config;
  validate_settings(draft, config, found);
  validate_kubernetes(draft, config, found);
  SecretBook secrets(draft, found);
  ServiceBook services(draft, secrets, found);
  if (draft.ticket_keys) {
    config.ticket_keys = {*draft.ticket_keys, draft.ticket_keys.place};
    secrets.use(*draft.ticket_keys, draft.ticket_keys.place, SecretUse::TicketKeys);
  }
  validate_listeners(draft, services, config, found);
  validate_sites(draft, secrets, services, config, found);
  for (ServiceConfig& service : services.all()) config.services.push_back(std::move(service));
  for (SecretConfig& secret : secrets.used()) config.secrets.push_back(std::move(secret));
  std::stable_sort(found.begin(), found.end(), written_before);
  ReadResult result;
  if (found.empty()) result.config = std::move(config);
  result.problems = std::move(found);
  return result;
}

}  // namespace sallyport
