// What becomes of one host: from all Ingresses that have a rule for it to sites of the model.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "control/kube/backend_service.h"
#include "control/kube/config_keys.h"
#include "control/kube/finding.h"
#include "control/kube/ingress_notes.h"
#include "control/kube/object_store.h"
#include "control/kube/translate_settings.h"
#include "dataplane/model/config.h"

namespace sallyport::kube {

/// An Ingress that is ours, with its annotations read.
struct IngressRecord {
  ObjectPtr object;
  IngressNotes notes;
  std::set<std::string> hosts;  // of its rules, normal; "*" for those without
  Findings findings;            // of the annotations and hosts themselves

  const Ingress& ingress() const { return object->as<Ingress>(); }
  const ObjectName& name() const { return object->name; }
};

/// Whoever was there first decides: by creation, then by name.
bool older(const IngressRecord& a, const IngressRecord& b);

/// What is the same for all hosts.
struct Surroundings {
  const TranslateSettings& settings;
  const GlobalNotes& global;
  const ObjectStore& store;
};

struct HostInput {
  std::string host;
  std::vector<const IngressRecord*> ingresses;  // oldest first
  std::vector<std::string> aliases;             // further names that nobody else has
};

using ObjectKey = std::pair<Kind, ObjectName>;

struct HostResult {
  std::vector<SiteConfig> sites;               // one, or one for each kind of listener
  std::map<std::string, ServiceKey> services;  // that its routes name
  std::set<ObjectName> secrets;                // that its sites and services name
  std::set<ObjectKey> looked_at;               // a change of one of these is a change of this
  std::string fallback;  // why it shows the default certificate, or none; empty: it has its own
  Findings findings;
};

/// Pure.
HostResult translate_host(const Surroundings& surroundings, const HostInput& input);

/// The hosts that a rule's `host` means: normal, or an error.
Result<std::string> rule_host(const std::string& written);

/// The key under which `ingress` has the annotation `name`, with the prefix that decides; empty: it
/// has none.
std::string annotation_key(const Object& ingress, const std::string& name);

}  // namespace sallyport::kube
