// From a Service and its EndpointSlices to a service of the model.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "control/kube/finding.h"
#include "control/kube/object_store.h"
#include "dataplane/model/config.h"

namespace sallyport::kube {

/// What names a service of the model. Those with equal keys are equal.
struct ServiceKey {
  ObjectName service;
  std::string port;  // its name, or its number
  /// How it is spoken to, where that is not in the clear; with the TLS that it is spoken with.
  std::string variant;
  std::optional<BackendTls> tls;
  bool http2 = false;  // and nothing else, as gRPC needs it

  std::string text() const;  // "shop/web:80", "shop/web:80 (TLS of shop/site)"
};

/// The port of `service` that a backend names: by name, or by number. Null: it has none such. Of an
/// ExternalName any number will do, for nobody has to declare it.
const ServicePort* find_port(const Service& service, const IngressBackend& backend);

/// Whether the name that an ExternalName stands for may be spoken to: not this machine itself,
/// whose loopback addresses have what is meant for nobody else.
bool may_be_external(const std::string& name);

/// Without endpoints where there are none, which is answered 503. Of endpoints that are not ready
/// those that still serve while they end are used when there are no others.
std::shared_ptr<const ServiceConfig> make_service(const ServiceKey& key, const ObjectStore& store);

}  // namespace sallyport::kube
