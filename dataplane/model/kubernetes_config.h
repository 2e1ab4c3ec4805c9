// What the configuration says about a cluster: where it is, which of its objects count, and what
// is written back. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/clock.h"

namespace sallyport {

enum class SecretAccess : uint8_t { Cluster, Namespaces, Names };
enum class Compat : uint8_t { Off, IngressNginx };

const char* name(SecretAccess);
const char* name(Compat);

/// A namespace and a name in it, "shop/web" in text; both empty: none.
struct NamespacedName {
  std::string space, name;
  bool empty() const { return name.empty(); }
  std::string text() const { return empty() ? "" : space + "/" + name; }
  bool operator==(const NamespacedName&) const = default;
};

/// What Ingresses say of where they are reached: from one of these, or nothing is written.
struct PublishedStatus {
  NamespacedName service;              // its load balancer's addresses, or its external IPs
  std::vector<std::string> addresses;   // IPs or host names
  bool nodes = false;                   // the nodes' external addresses, or else internal ones
  bool enabled() const { return !service.empty() || !addresses.empty() || nodes; }
  bool operator==(const PublishedStatus&) const = default;
};

struct LeaderElection {
  bool enabled = true;
  std::string lease = "sallyport-leader";
  std::string space;  // empty: our own namespace
  Millis duration{15'000};
  bool operator==(const LeaderElection&) const = default;
};

struct KubernetesConfig {
  std::string kubeconfig;  // a path; empty: what a pod is given
  std::string context;     // of the kubeconfig; empty: its current one
  std::string manifests;   // a folder of objects, or a file, in place of an API server; empty: none
  std::vector<std::string> namespaces;       // empty: all
  std::vector<std::string> ingress_classes;  // served whosever they are
  std::string controller = "sallyport.dev/ingress-controller";
  bool ssl_passthrough = false;
  Compat compat = Compat::Off;
  bool require_backend_verification = false;
  SecretAccess secrets = SecretAccess::Cluster;
  NamespacedName default_certificate, config_map;
  std::string cache;  // a path; empty: none
  bool cache_secrets = false;
  Millis watch_timeout{300'000};
  /// What all objects together may take of memory; one too many is as if it did not exist.
  uint64_t objects_size = uint64_t{1} << 30;
  PublishedStatus status;
  LeaderElection leader_election;
  bool events = true;
  NamespacedName ticket_secret;  // whose ring the leader rotates and all use; empty: none
  bool operator==(const KubernetesConfig&) const = default;
};

}  // namespace sallyport
