// Where the API server is, whom we trust to be it, and who we are there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"

namespace sallyport::kube {

/// A program that prints credentials (the ExecCredential protocol of client.authentication.k8s.io).
struct ExecPlugin {
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string api_version;
  bool cluster_info = false;
  bool operator==(const ExecPlugin&) const = default;
};

/// Plain values. Files that were named have been read, but for the token's, which is replaced while
/// we run.
struct Access {
  std::string server;           // "https://10.0.0.1:6443": no slash at the end
  std::string ca;               // PEM; empty: the system's authorities
  std::string tls_server_name;  // empty: the host in `server`
  std::string client_crt, client_key;  // PEM, both or neither
  std::string token;
  std::string token_file;
  std::optional<ExecPlugin> exec;
  std::string space;                  // the namespace we are in; may be empty
  std::vector<std::string> remarks;   // what was given and is not followed, for the log
  bool operator==(const Access&) const = default;
};

/// What a kubeconfig says of `context`, or of its current context if that is empty. Relative paths
/// begin in `folder`. Refused with a message are: no or unknown context, a server without https,
/// insecure-skip-tls-verify, names and passwords, auth providers, and files that cannot be read.
Result<Access> read_kubeconfig(std::string_view text, const std::string& file,
                               const std::string& context);
Result<Access> read_kubeconfig_file(const std::string& file, const std::string& context);

/// What a pod is given: KUBERNETES_SERVICE_HOST and _PORT, and files in `folder`
/// (kInClusterFolder).
constexpr const char* kInClusterFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
using Environment = std::map<std::string, std::string>;
Result<Access> in_cluster_access(const Environment& environment, const std::string& folder);

/// The whole of a file of at most 1 MiB, or why not.
Result<std::string> read_small_file(const std::string& path);

}  // namespace sallyport::kube
