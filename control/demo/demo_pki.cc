#include "control/demo/demo_pki.h"

#include <errno.h>
#include <sys/stat.h>

#include <cstring>
#include <utility>

#include "control/demo/demo_text.h"
#include "control/pki/secret_folder.h"
#include "control/pki/staged_file.h"

namespace sallyport {
namespace {

/// Longer than anybody leaves a demo running.
constexpr std::chrono::hours kAuthorityDuration{24 * 366};
constexpr std::chrono::hours kLeafDuration{24 * 365};

IssueRequest for_server(const std::string& host) {
  IssueRequest request;
  request.names = {host, {host}, {}};
  request.validity.duration = kLeafDuration;
  return request;
}

IssueRequest for_client(const std::string& name) {
  IssueRequest request;
  request.names = {name, {}, {}};
  request.use = CertificateUse::Client;
  request.validity.duration = kLeafDuration;
  return request;
}

}  // namespace

Result<DemoPki> DemoPki::make() {
  const AuthorityRequest root{"Sallyport demo CA", KeyType::EcdsaP256, {kAuthorityDuration}};
  Result<CertificateAuthority> authority = CertificateAuthority::make(root);
  if (!authority) return authority.error();
  DemoPki pki;
  pki.ca_crt = authority->certificate_pem();
  const struct {
    IssuedSecret& secret;
    IssueRequest request;
  } all[] = {
      {pki.offload, for_server("offload.localhost")},
      {pki.reencrypt, for_server("reencrypt.localhost")},
      {pki.mtls, for_server("mtls.localhost")},
      {pki.passthrough_backend, for_server("passthrough.localhost")},
      {pki.reencrypt_backend, for_server(kDemoBackendName)},
      {pki.internal, for_client("sallyport demo proxy")},
      {pki.client, for_client("sallyport demo client")},
  };
  for (const auto& one : all) {
    Result<IssuedSecret> issued = authority->issue(one.request);
    if (!issued) return issued.error();
    one.secret = *std::move(issued);
  }
  return pki;
}

Result<void> DemoPki::write(const std::string& folder) const {
  IssuedSecret clients;
  clients.ca_crt = ca_crt;
  const std::string secrets = folder + "/secrets";
  if (::mkdir(secrets.c_str(), 0700) != 0) {
    return Error{secrets + ": cannot make this directory: " + std::strerror(errno)};
  }
  const struct {
    std::string folder;
    const IssuedSecret& secret;
  } all[] = {
      {secrets + "/offload.localhost", offload}, {secrets + "/reencrypt.localhost", reencrypt},
      {secrets + "/mtls.localhost", mtls},       {secrets + "/internal", internal},
      {secrets + "/clients", clients},           {folder + "/client", client},
  };
  for (const auto& one : all) {
    if (auto written = write_secret_folder(one.folder, one.secret); !written) return written;
  }
  return write_file(folder + "/ca.crt", ca_crt, 0644);
}

}  // namespace sallyport
