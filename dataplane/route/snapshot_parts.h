// The parts of a snapshot: policies, certificates, services and sites, each made from what its
// configuration and its secrets say.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/route/snapshot.h"

namespace sallyport {

bool is_on(const SiteConfig& site, const std::string& listener);

/// One run of the builder: what it works on, and how it makes each part. Whatever a part is made
/// from is noted in `things`, so that the next run knows what to make anew. What cannot be made is
/// null, and has become a problem.
struct SnapshotBuilder::Build {
  SnapshotBuilder& builder;
  const Config& config;
  const Materials& materials;
  Problems& problems;
  const Snapshot* last = nullptr;
  bool anew = true;         // sites are, for the settings are others
  ServiceMap services = {};  // of the snapshot being built
  Work work = {};
  bool incomplete = false;  // a secret was not delivered, of which its reader has told

  using Things = std::vector<std::string>;
  Things things = {};                                    // that the one being made is made from
  std::set<Dependents::User> stale = {};                 // of the last snapshot
  std::vector<Dependents::User> forgotten = {};          // of the last snapshot
  std::vector<std::pair<Dependents::User, Dependents::User>> renamed = {};
  std::vector<std::pair<Dependents::User, Things>> newcomers = {};
  std::vector<UncheckedCertificate> unchecked = {};
  std::vector<size_t> sites_gone = {}, sites_made = {};  // in the last, and in this

  void problem(const Place& place, std::string path, std::string message);
  const SecretData* secret(const std::string& name);
  // Sites that show staples have a certificate of their own, with the key in common.
  std::shared_ptr<const Certificate> stapled(const std::shared_ptr<const Certificate>& plain,
                                             const SecretData& data, const OcspConfig& ocsp,
                                             const std::string& name);
  std::shared_ptr<const Certificate> certificate(const SecretData& data, const Place& place,
                                                 const std::string& path, const std::string& name);
  // The first https listener that the site is on; null: there is none.
  const ListenerConfig* https_listener(const SiteConfig& site) const;
  // Where nobody could answer, the handshake itself has to fail.
  bool carries_bytes(const SiteConfig& site) const;
  // Auto is decided here: what is gained is the way around this process, and where nothing is
  // spliced, OpenSSL is as fast.
  KernelTlsUse kernel_tls_of(const SiteConfig& site) const;
  KernelTls kernel_tls_of(const BackendTls& tls) const;
  // On every https listener that the site is on: what is offered is the site's, on all of them.
  bool speaks_http2(const SiteConfig& site) const;
  uint16_t https_port(const SiteConfig& site) const;
  // Null, after a problem, where `auth` asks for something that cannot be had.
  std::shared_ptr<const ClientTrust> client_trust(const ClientAuth& auth, const std::string& path);
  // Null for `verify: off`, and after a problem.
  ClientDemandPtr client_demand(const ClientAuth& auth, const std::string& path);
  std::shared_ptr<const ServerContext> server_context(const SiteConfig& config_of_site,
                                                      const Site& site);
  std::vector<std::string> ticket_secrets();
  std::shared_ptr<const BackendContext> backend_context(const ServiceConfig& service,
                                                        const std::string& path);
  std::vector<Endpoint> endpoints(const ServiceConfig& service);
  // `before`: the service of that name in the last snapshot, or null; `same`: of an equal
  // configuration. Null after a problem.
  std::shared_ptr<const Service> build_service(const ServiceConfig& service,
                                               const std::string& path,
                                               const std::shared_ptr<const Service>* before,
                                               bool same);
  std::shared_ptr<const Site> build_site(const SiteConfig& config_of_site, const std::string& path);
  void add_route(Site& site, const RouteConfig& config_of_route, const std::string& path);
  // What it says to clients by itself.
  static void answer_as(const SiteConfig& config_of_site, Site& site);
  void check_coverage(const SiteConfig& site, const Certificate& certificate,
                      const std::string& path, const std::string& secret_name);
  // OpenSSL would show the last one of two, and the other never.
  void check_kind(const SiteConfig& site, const Site& built, const Certificate& certificate,
                  const std::string& path, const std::string& secret_name);
  // TLS 1.2's ciphers name the kind of the certificate's key.
  void check_ciphers(const SiteConfig& site, const Site& built);
};

}  // namespace sallyport
