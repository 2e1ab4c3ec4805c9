#include <algorithm>

#include "control/file/yaml_document.h"
#include "control/kube/access.h"
#include "control/kube/base64.h"

namespace sallyport::kube {

namespace {

const YamlNode kNothing;

const YamlNode& child(const YamlNode& node, std::string_view key) {
  if (node.kind != YamlNode::Kind::Mapping) return kNothing;
  for (const YamlNode& item : node.items) {
    if (item.key == key) return item;
  }
  return kNothing;
}

std::string text(const YamlNode& node, std::string_view key) { return child(node, key).scalar; }

/// One kubeconfig, read for one context.
class Reader {
 public:
  Reader(const YamlNode& root, const std::string& file) : root_(root), file_(file) {
    size_t slash = file.rfind('/');
    if (slash != std::string::npos) folder_ = file.substr(0, slash + 1);
  }

  Result<Access> read(std::string context) {
    if (context.empty()) context = text(root_, "current-context");
    if (context.empty()) return fail("no current-context: set one, or name a context");
    const YamlNode* chosen = entry("contexts", context, "context");
    if (!chosen) return fail("no context \"" + context + "\" in contexts");
    access_.space = text(*chosen, "namespace");
    std::string cluster_name = text(*chosen, "cluster"), user_name = text(*chosen, "user");
    const YamlNode* cluster = entry("clusters", cluster_name, "cluster");
    if (!cluster) return fail("no cluster \"" + cluster_name + "\" in clusters");
    const YamlNode* user = entry("users", user_name, "user");
    if (!user) return fail("no user \"" + user_name + "\" in users");
    if (Result<void> ok = read_cluster(*cluster); !ok) return ok.error();
    if (Result<void> ok = read_user(*user); !ok) return ok.error();
    return std::move(access_);
  }

 private:
  // The mapping under `inner` of the item called `name`.
  const YamlNode* entry(std::string_view list, const std::string& name, const char* inner) {
    const YamlNode& all = child(root_, list);
    if (all.kind != YamlNode::Kind::List) return nullptr;
    for (const YamlNode& item : all.items) {
      if (text(item, "name") == name) return &child(item, inner);
    }
    return nullptr;
  }

  Result<void> read_cluster(const YamlNode& cluster) {
    access_.server = text(cluster, "server");
    while (access_.server.ends_with('/')) access_.server.pop_back();
    if (!access_.server.starts_with("https://") || access_.server == "https://") {
      return fail("cluster.server is \"" + access_.server + "\": it must begin with https://");
    }
    if (text(cluster, "insecure-skip-tls-verify") == "true") {
      return fail("insecure-skip-tls-verify is not supported: give certificate-authority, or "
                  "tls-server-name if it is the name that differs");
    }
    access_.tls_server_name = text(cluster, "tls-server-name");
    if (child(cluster, "proxy-url").kind != YamlNode::Kind::Null) {
      access_.remarks.push_back("proxy-url is not followed: the API server is reached directly");
    }
    return data_or_file(cluster, "certificate-authority", access_.ca);
  }

  Result<void> read_user(const YamlNode& user) {
    for (const char* key : {"username", "password", "auth-provider"}) {
      if (child(user, key).kind != YamlNode::Kind::Null) {
        return fail(std::string("user.") + key +
                    " is not supported: use a token, a client certificate or exec");
      }
    }
    for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
      if (child(user, key).kind != YamlNode::Kind::Null) {
        return fail(std::string("user.") + key + " (impersonation) is not supported");
      }
    }
    access_.token = text(user, "token");
    std::string token_file = text(user, "tokenFile");
    // As in client-go, the file is asked first.
    if (!token_file.empty()) access_.token_file = from_folder(token_file);
    if (Result<void> ok = data_or_file(user, "client-certificate", access_.client_crt); !ok) {
      return ok;
    }
    if (Result<void> ok = data_or_file(user, "client-key", access_.client_key); !ok) return ok;
    if (access_.client_crt.empty() != access_.client_key.empty()) {
      return fail("user has a client-certificate without a client-key, or the other way round");
    }
    const YamlNode& exec = child(user, "exec");
    return exec.kind == YamlNode::Kind::Null ? Result<void>() : read_exec(exec);
  }

  Result<void> read_exec(const YamlNode& node) {
    ExecPlugin plugin;
    plugin.command = text(node, "command");
    if (plugin.command.empty()) return fail("user.exec has no command");
    // A path with a slash is the kubeconfig's neighbour; a bare word is looked for in PATH.
    if (plugin.command.find('/') != std::string::npos) plugin.command = from_folder(plugin.command);
    plugin.api_version = text(node, "apiVersion");
    if (plugin.api_version != "client.authentication.k8s.io/v1" &&
        plugin.api_version != "client.authentication.k8s.io/v1beta1") {
      return fail("user.exec.apiVersion is \"" + plugin.api_version +
                  "\": only client.authentication.k8s.io/v1 and v1beta1 are known");
    }
    if (text(node, "interactiveMode") == "Always") {
      return fail("user.exec.interactiveMode is Always: nobody is there to be asked");
    }
    plugin.cluster_info = text(node, "provideClusterInfo") == "true";
    for (const YamlNode& item : child(node, "args").items) plugin.arguments.push_back(item.scalar);
    for (const YamlNode& item : child(node, "env").items) {
      plugin.environment.emplace_back(text(item, "name"), text(item, "value"));
    }
    access_.exec = std::move(plugin);
    return {};
  }

  // `key-data` as base64, or the file under `key`; the data is asked first, as in client-go.
  Result<void> data_or_file(const YamlNode& node, const std::string& key, std::string& out) {
    if (std::string data = text(node, key + "-data"); !data.empty()) {
      std::optional<std::string> decoded = base64_decode(data);
      if (!decoded) return fail(key + "-data is not base64");
      out = std::move(*decoded);
      return {};
    }
    std::string path = text(node, key);
    if (path.empty()) return {};
    Result<std::string> read = read_small_file(from_folder(path));
    if (!read) return fail(key + ": " + read.error().message);
    out = std::move(*read);
    return {};
  }

  std::string from_folder(const std::string& path) const {
    return path.starts_with('/') ? path : folder_ + path;
  }

  Error fail(const std::string& what) const { return Error{file_ + ": " + what}; }

  const YamlNode& root_;
  const std::string& file_;
  std::string folder_;
  Access access_;
};

}  // namespace

Result<Access> read_kubeconfig(std::string_view yaml, const std::string& file,
                               const std::string& context) {
  Problems problems;
  std::optional<YamlNode> root = parse_yaml(yaml, file, problems);
  if (!root) return Error{problems.empty() ? file + ": not YAML" : problems.front().text()};
  return Reader(*root, file).read(context);
}

Result<Access> read_kubeconfig_file(const std::string& file, const std::string& context) {
  Result<std::string> yaml = read_small_file(file);
  if (!yaml) return yaml.error();
  return read_kubeconfig(*yaml, file, context);
}

}  // namespace sallyport::kube
