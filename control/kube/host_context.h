// What the parts of one host's translation share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "control/kube/host_site.h"

namespace sallyport::kube {

inline void add_ciphers(const std::vector<std::string>& names, TlsOffer& offer) {
  for (const std::string& name : names) offer.ciphers.push_back({name, {}});
}

struct HostContext {
  const Surroundings& around;
  const HostInput& input;
  HostResult& result;

  /// The object, which may be missing; that it was looked at is remembered.
  const Object* look(Kind kind, const ObjectName& name) const {
    result.looked_at.emplace(kind, name);
    return around.store.find(kind, name);
  }

  void report(const IngressRecord& record, std::string where, Verdict verdict, Severity severity,
              const char* code, std::string message, bool less_secure = false) const {
    result.findings.push_back({Kind::Ingress, record.name(), std::move(where), verdict, severity,
                               code, std::move(message), less_secure});
  }
};

}  // namespace sallyport::kube
