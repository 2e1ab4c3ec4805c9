#include "control/pki_command.h"

#include <CLI/CLI.hpp>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/pki/certificate_names.h"
#include "control/pki/commands.h"
#include "control/pki/issued_index.h"
#include "control/pki/kubernetes_secret.h"
#include "control/pki/lifetime.h"

namespace sallyport {
namespace {

constexpr const char* kAuthorityHelp = "the authority's folder";

/// Its value, or an error of the command line that begins with the option.
template <class T>
T value_of(Result<T> result, const std::string& option) {
  if (!result) throw CLI::ValidationError(option, result.error().message);
  return *std::move(result);
}

void add_duration(CLI::App& command, const std::string& option, Seconds& duration,
                  const char* initial, const char* help) {
  duration = *parse_lifetime(initial);
  const auto set = [&duration, option](const std::string& text) {
    duration = value_of(parse_lifetime(text), option);
  };
  command.add_option_function<std::string>(option, set, help)
      ->type_name("TIME")
      ->default_str(initial);
}

/// `rsa` is what plain RSA stands for: an authority, which lives long, has the longer one.
void add_key(CLI::App& command, KeyType& key, KeyType rsa) {
  const std::map<std::string, KeyType> kinds = {{"ecdsa", KeyType::EcdsaP256},
                                                {"rsa", rsa},
                                                {"rsa2048", KeyType::Rsa2048},
                                                {"rsa3072", KeyType::Rsa3072}};
  const char* help = rsa == KeyType::Rsa3072
                         ? "ecdsa (P-256), rsa2048 or rsa3072; rsa is the latter"
                         : "ecdsa (P-256), rsa2048 or rsa3072; rsa is the former";
  const auto set = [&key, kinds](const std::string& word) { key = kinds.at(word); };
  command.add_option_function<std::string>("--key", set, help)
      ->check(CLI::IsMember({"ecdsa", "rsa", "rsa2048", "rsa3072"}))
      ->type_name("KIND")
      ->default_str("ecdsa");
}

void add_ca(CLI::App& pki, std::function<int()>& action) {
  CLI::App& command = *pki.add_subcommand("ca", "make an authority in a folder of its own");
  auto options = std::make_shared<PkiCaOptions>();
  options->request.common_name = "Sallyport internal CA";
  command.add_option("--directory", options->directory, kAuthorityHelp)->required();
  command.add_option("--name", options->request.common_name, "its common name")
      ->capture_default_str();
  add_duration(command, "--duration", options->request.validity.duration, "10y",
               "how long it is valid");
  add_key(command, options->request.key, KeyType::Rsa3072);
  command.callback([options, &action] { action = [options] { return pki_ca(*options); }; });
}

void add_names(CLI::App& command, CertificateNames& names) {
  const auto dns = [&names](const std::vector<std::string>& all) {
    for (const std::string& one : all) {
      names.dns_names.push_back(value_of(parse_certificate_dns(one), "--dns"));
    }
  };
  const auto ips = [&names](const std::vector<std::string>& all) {
    for (const std::string& one : all) {
      names.ips.push_back(value_of(parse_certificate_ip(one), "--ip"));
    }
  };
  command.add_option_function<std::vector<std::string>>(
      "--dns", dns, "DNS names, exact or *.example.com (one label)");
  command.add_option_function<std::vector<std::string>>("--ip", ips, "IP addresses");
  command.add_option("--name", names.common_name, "the common name; else the first DNS name");
}

/// What the words of the command line leave open, and what they may not be together.
void complete(PkiIssueOptions& options, bool server, bool client) {
  IssueRequest& request = options.request;
  if (client) request.use = CertificateUse::Client;
  if (client && server) request.use = CertificateUse::ServerAndClient;
  CertificateNames& names = request.names;
  if (names.common_name.empty() && !names.dns_names.empty() &&
      names.dns_names.front().size() <= kCommonNameMax) {
    names.common_name = names.dns_names.front();
  }
  const bool no_name = names.dns_names.empty() && names.ips.empty();
  if (no_name && request.use != CertificateUse::Client) {
    throw CLI::ValidationError("--dns",
                               "a server's certificate needs a DNS name or an IP address "
                               "(--ip): clients do not look at the common name");
  }
  if (Result<void> checked = check_names(names); !checked) {
    throw CLI::ValidationError("--name", checked.error().message);
  }
  if (!options.kubernetes) {
    if (options.out.empty() || options.out == "-") {
      throw CLI::ValidationError("--out", "a secret folder to write to is needed");
    }
    return;
  }
  if (options.out.empty()) options.out = "-";
  const std::string& space = options.secret_namespace;
  if (!is_kubernetes_name(options.secret_name)) {
    throw CLI::ValidationError("--secret-name",
                               "a manifest needs a name for its Secret: lower-case "
                               "letters, digits, hyphens and dots");
  }
  if (!space.empty() && (!is_kubernetes_name(space) || space.find('.') != std::string::npos)) {
    throw CLI::ValidationError("--namespace", "\"" + space + "\" cannot be a namespace's name");
  }
}

void add_issue(CLI::App& pki, std::function<int()>& action) {
  CLI::App& command =
      *pki.add_subcommand("issue", "issue a certificate with a new key, as a secret");
  auto options = std::make_shared<PkiIssueOptions>();
  command.add_option("--ca", options->authority, kAuthorityHelp)->required();
  command.add_option("--out", options->out,
                     "the secret folder, or the manifest's file instead of the standard output");
  add_names(command, options->request.names);
  auto server = std::make_shared<bool>(false), client = std::make_shared<bool>(false);
  command.add_flag("--server", *server, "for servers; the default");
  command.add_flag("--client", *client, "for clients; with --server, for both");
  add_duration(command, "--duration", options->request.validity.duration, "90d",
               "how long it is valid");
  add_key(command, options->request.key, KeyType::Rsa2048);
  command.add_flag("--replace", options->replace, "overwrite a secret that is there");
  command
      .add_option_function<std::string>(
          "--format",
          [options](const std::string& word) { options->kubernetes = word != "folder"; },
          "folder, or kubernetes: the manifest of a Secret")
      ->check(CLI::IsMember({"folder", "kubernetes"}))
      ->type_name("FORMAT")
      ->default_str("folder");
  command.add_option("--secret-name", options->secret_name, "the name of the Secret");
  command.add_option("--namespace", options->secret_namespace, "the namespace of the Secret");
  command.callback([options, server, client, &action] {
    complete(*options, *server, *client);
    action = [options] { return pki_issue(*options); };
  });
}

void add_renew(CLI::App& pki, std::function<int()>& action) {
  CLI::App& command = *pki.add_subcommand(
      "renew", "renew what is due: the same names, uses, kind of key and duration, a new key");
  auto options = std::make_shared<PkiRenewOptions>();
  command.add_option("--ca", options->authority, kAuthorityHelp)->required();
  add_duration(command, "--before", options->before, "30d", "due is what ends within this time");
  command.add_option("--all", options->roots, "renew all secret folders at and below this folder")
      ->allow_extra_args(false);
  command.add_option("SECRET_DIR", options->secrets, "secret folders to renew");
  command.callback([options, &action] {
    if (options->roots.empty() && options->secrets.empty()) {
      throw CLI::ValidationError("SECRET_DIR",
                                 "name secret folders, or a folder of them with --all");
    }
    action = [options] { return pki_renew(*options); };
  });
}

void add_crl(CLI::App& pki, std::function<int()>& action) {
  CLI::App& command =
      *pki.add_subcommand("crl", "revoke certificates and write the revocation list, ca.crl");
  auto options = std::make_shared<PkiCrlOptions>();
  command.add_option("--ca", options->authority, kAuthorityHelp)->required();
  command.add_option("--revoke", options->revoke,
                     "what to revoke: serial numbers, certificate files or secret folders");
  const std::vector<std::string> reasons(std::begin(kRevocationReasons),
                                         std::end(kRevocationReasons));
  command.add_option("--reason", options->reason, "why, in the words of RFC 5280")
      ->check(CLI::IsMember(reasons))
      ->capture_default_str();
  add_duration(command, "--duration", options->duration, "30d",
               "how long the list is valid: write the next before");
  command.add_option("--out", options->secrets, "secret folders that get the list as their ca.crl");
  command.callback([options, &action] { action = [options] { return pki_crl(*options); }; });
}

}  // namespace

void add_pki_command(CLI::App& app, std::function<int()>& action) {
  CLI::App& pki = *app.add_subcommand("pki", "an internal certificate authority");
  pki.require_subcommand(1);
  add_ca(pki, action);
  add_issue(pki, action);
  add_renew(pki, action);
  add_crl(pki, action);
}

}  // namespace sallyport
