#include "control/kube/objects.h"

#include <array>

namespace sallyport::kube {

namespace {

struct KindRow {
  const char* name;
  const char* api_version;
  const char* plural;
  bool namespaced;
};

constexpr std::array<KindRow, kKinds> kRows{{
    {"Ingress", "networking.k8s.io/v1", "ingresses", true},
    {"IngressClass", "networking.k8s.io/v1", "ingressclasses", false},
    {"Secret", "v1", "secrets", true},
    {"Service", "v1", "services", true},
    {"EndpointSlice", "discovery.k8s.io/v1", "endpointslices", true},
    {"Namespace", "v1", "namespaces", false},
    {"ConfigMap", "v1", "configmaps", true},
    {"Node", "v1", "nodes", false},
}};

const KindRow& row(Kind kind) { return kRows[static_cast<size_t>(kind)]; }

}  // namespace

const char* name(Kind kind) { return row(kind).name; }
const char* api_version(Kind kind) { return row(kind).api_version; }
const char* plural(Kind kind) { return row(kind).plural; }
bool namespaced(Kind kind) { return row(kind).namespaced; }

std::optional<Kind> kind_of(std::string_view text) {
  for (size_t i = 0; i < kKinds; ++i) {
    if (text == kRows[i].name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

}  // namespace sallyport::kube
