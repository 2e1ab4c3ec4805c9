// The command line.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>

#include "control/check.h"
#include "control/demo/demo.h"
#include "control/explain.h"
#include "control/pki_command.h"
#include "control/run.h"
#include "control/version.h"
#include "dataplane/tls/openssl_memory.h"

namespace {

constexpr const char* kDefaultFile = "/etc/sallyport/sallyport.yaml";
constexpr int kUsage = 2;

void file_option(CLI::App& command, std::string& file) {
  command.add_option("-c,--config", file, "the configuration file")->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sallyport;
  let_openssl_keep_memory();
  CLI::App app{"sallyport: a TLS front proxy"};
  app.require_subcommand(1);
  std::function<int()> action;
  std::string file = kDefaultFile;

  CLI::App& run_command = *app.add_subcommand("run", "run the proxy");
  file_option(run_command, file);
  bool ssl_passthrough = false;
  run_command.add_flag("--enable-ssl-passthrough", ssl_passthrough,
                       "follow the annotation ssl-passthrough of Ingresses");
  run_command.callback([&] {
    action = [&] { return run({.file = file, .ssl_passthrough = ssl_passthrough}); };
  });

  CLI::App& check_command = *app.add_subcommand("check", "validate a configuration");
  CheckOptions check_options;
  bool no_secrets = false;
  std::string format = "text";
  file_option(check_command, file);
  check_command.add_flag("--no-secrets", no_secrets, "do not read key material");
  check_command.add_option("--format", format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  check_command.add_option("--manifests", check_options.manifests,
                           "report what becomes of the Kubernetes objects in a folder or file");
  check_command.add_option("--kubeconfig", check_options.kubeconfig,
                           "the same of the cluster that a kubeconfig says")
      ->excludes("--manifests");
  check_command.add_option("--context", check_options.context,
                           "of the kubeconfig, in place of its current one")
      ->needs("--kubeconfig");
  check_command.add_flag("--print-roles", check_options.print_roles,
                         "with one of these: print the RBAC roles that they need instead");
  check_command.add_option("--secrets", check_options.secret_access,
                           "for the roles: cluster, namespaces or names")
      ->check(CLI::IsMember({"cluster", "namespaces", "names"}));
  check_command.callback([&] {
    action = [&] {
      check_options.file = file;
      check_options.secrets = !no_secrets;
      check_options.json = format == "json";
      check_options.with_file = check_command.count("--config") > 0;
      return check(check_options);
    };
  });

  CLI::App& explain_command =
      *app.add_subcommand("explain", "say what a request meets, and why");
  std::string host, path = "/";
  file_option(explain_command, file);
  explain_command.add_option("HOST", host, "a host name")->required();
  explain_command.add_option("PATH", path, "a path")->capture_default_str();
  explain_command.callback([&] { action = [&] { return explain(file, host, path); }; });

  CLI::App& demo_command = *app.add_subcommand(
      "demo", "run the scenarios with certificates and backends made for the purpose");
  DemoOptions demo_options;
  demo_command.add_option("--port", demo_options.port, "on 127.0.0.1; 0: a free one")
      ->capture_default_str();
  demo_command.add_option("--http-port", demo_options.http_port, "the same for plain HTTP")
      ->capture_default_str();
  demo_command.add_option("--metrics", demo_options.metrics, "address of the metrics")
      ->capture_default_str();
  demo_command.add_option("--admin", demo_options.admin, "address of the admin pages")
      ->capture_default_str();
  demo_command.callback([&] { action = [&] {
      return demo_main(demo_options, [](const std::string& made) { return run({.file = made}); });
    }; });

  add_pki_command(app, action);

  CLI::App& version_command = *app.add_subcommand("version", "say what this program is");
  version_command.callback([&] {
    action = [] {
      std::fputs(version_text().c_str(), stdout);
      return 0;
    };
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kUsage;
  }
  return action();
}
