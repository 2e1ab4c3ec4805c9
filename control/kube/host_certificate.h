// Which certificate a host shows.
#pragma once

#include "control/kube/host_context.h"

namespace sallyport::kube {

struct CertificateChoice {
  ObjectName secret;        // without a name: there is none, and no TLS
  bool is_default = false;  // need not cover the host
  bool wanted = false;      // an Ingress has the host under `tls`: HTTP is redirected
  /// Why it is not one of the host's own, in a word for metrics; null: it is, or the host has none
  /// that it could have shown.
  const char* fallback = nullptr;
};

/// As ingress-nginx chooses: the Secret of the entry that lists the host, else any whose
/// certificate covers it; of several Ingresses the first that has one. What is missing, broken or
/// does not cover the host is replaced by the default certificate. There is no made-up one: without
/// a default certificate the handshake is refused.
CertificateChoice choose_certificate(const HostContext& context);

}  // namespace sallyport::kube
