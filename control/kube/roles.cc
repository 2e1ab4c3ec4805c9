#include "control/kube/roles.h"

#include <map>
#include <set>

namespace sallyport::kube {

namespace {

constexpr const char* kRole = "sallyport";

std::string rule(const std::string& group, const std::string& resources, const std::string& verbs,
                 const std::string& names = "") {
  std::string text = "  - apiGroups: [\"" + group + "\"]\n    resources: [" + resources + "]\n";
  if (!names.empty()) text += "    resourceNames: [" + names + "]\n";
  return text + "    verbs: [" + verbs + "]\n";
}

std::string role(const std::string& kind, const ObjectName& name, const std::string& rules) {
  std::string text = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind +
                     "\nmetadata:\n  name: " + name.name + "\n";
  if (!name.space.empty()) text += "  namespace: " + name.space + "\n";
  return text + "rules:\n" + rules;
}

std::string binding(const std::string& kind, const ObjectName& name, const ObjectName& account) {
  std::string text = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind +
                     "Binding\nmetadata:\n  name: " + name.name + "\n";
  if (!name.space.empty()) text += "  namespace: " + name.space + "\n";
  return text + "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: " + kind +
         ", name: " + name.name + "}\nsubjects:\n  - {kind: ServiceAccount, name: " + account.name +
         ", namespace: " + account.space + "}\n";
}

std::string grant(const std::string& kind, const ObjectName& name, const std::string& rules,
                  const ObjectName& account) {
  return role(kind, name, rules) + binding(kind, name, account);
}

constexpr const char* kRead = "get, list, watch";

std::string reading(bool secrets) {
  std::string rules = rule("", "services", kRead) +
                      rule("discovery.k8s.io", "endpointslices", kRead) +
                      rule("networking.k8s.io", "ingresses", kRead) +
                      rule("networking.k8s.io", "ingresses/status", "patch, update") +
                      rule("", "events", "create, patch");
  return secrets ? rules + rule("", "secrets", kRead) : rules;
}

using NamesBySpace = std::map<std::string, std::set<std::string>>;

NamesBySpace wanted(const Translator& translator, Kind kind) {
  NamesBySpace names;
  for (const ObjectName& name : translator.wanted(kind)) names[name.space].insert(name.name);
  return names;
}

std::string listed(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::string roles_yaml(const Translator& translator, SecretAccess access,
                       const ObjectName& account, const ObjectName& ticket_secret) {
  bool cluster = access == SecretAccess::Cluster;
  std::string wide = rule("networking.k8s.io", "ingressclasses", kRead) +
                     rule("", "namespaces", kRead) + reading(cluster);
  std::string out = grant("ClusterRole", {"", kRole}, wide, account);
  std::string own = rule("coordination.k8s.io", "leases", "get, create, update, patch") +
                    rule("", "configmaps", kRead);
  out += grant("Role", {account.space, kRole}, own, account);
  if (!ticket_secret.name.empty()) {
    // What does not exist yet has no name that a right could be about.
    std::string tickets = rule("", "secrets", "create") +
                          rule("", "secrets", std::string(kRead) + ", update, patch",
                               ticket_secret.name);
    out += grant("Role", {ticket_secret.space, std::string(kRole) + "-tickets"}, tickets, account);
  }
  for (const auto& [space, maps] : wanted(translator, Kind::ConfigMap)) {
    out += grant("Role", {space, std::string(kRole) + "-headers"},
                 rule("", "configmaps", kRead, listed(maps)), account);
  }
  if (cluster) return out;
  NamesBySpace secrets_of = wanted(translator, Kind::Secret);
  for (const ObjectName& name : translator.served()) secrets_of[name.space];
  for (const auto& [space, secrets] : secrets_of) {
    std::string names = listed(secrets);
    if (access == SecretAccess::Names && names.empty()) continue;
    std::string rules =
        rule("", "secrets", kRead, access == SecretAccess::Names ? names : std::string());
    out += grant("Role", {space, std::string(kRole) + "-secrets"}, rules, account);
  }
  return out;
}

}  // namespace sallyport::kube
