#include "dataplane/model/secret_book.h"

#include "dataplane/model/complain.h"
#include "dataplane/model/quantity.h"

namespace sallyport {

std::string from_folder(const std::string& folder, const std::string& path) {
  if (folder.empty() || path.starts_with('/')) return path;
  return folder + (folder.back() == '/' ? "" : "/") + path;
}

SecretBook::SecretBook(const Draft& draft, Problems& problems)
    : draft_(draft), problems_(problems) {
  const Written<std::string>& directory = draft.secrets_directory;
  if (directory && directory->empty()) {
    complain(problems, directory.place, "is empty: write a folder");
  }
  for (const DraftSecret& secret : draft.secrets) declare(secret);
}

std::string SecretBook::path(const Written<std::string>& written) const {
  if (!written) return {};
  if (written->empty()) complain(problems_, written.place, "is empty: write a path");
  return from_folder(draft_.folder, *written);
}

void SecretBook::declare(const DraftSecret& secret) {
  SecretConfig config;
  config.place = secret.place;
  if (!secret.name.given) complain(problems_, secret.place, "name is missing");
  take_files(secret, config);
  if (!check_name(secret.name, problems_)) return;
  config.name = *secret.name;
  auto [it, fresh] = declared_.emplace(config.name, config);
  if (!fresh) {
    complain(problems_, secret.name.place,
             in_quotes(config.name) + " is already declared at " + it->second.place.text());
  }
}

void SecretBook::take_files(const DraftSecret& secret, SecretConfig& config) {
  config.directory = path(secret.directory);
  config.tls_crt = path(secret.tls_crt);
  config.tls_key = path(secret.tls_key);
  config.ca_crt = path(secret.ca_crt);
  config.ca_crl = path(secret.ca_crl);
  if (secret.ca_overlap) check_overlap(secret.ca_overlap, config);
  if (secret.ticket_keys) {
    for (const auto& file : *secret.ticket_keys) config.ticket_keys.push_back(path(file));
  }
  bool files = secret.tls_crt.given || secret.tls_key.given || secret.ca_crt.given ||
               secret.ca_crl.given || secret.ticket_keys.given;
  if (secret.directory.given && files) {
    complain(problems_, secret.directory.place,
             "a secret is either a directory or file by file: leave one of them out");
  } else if (!secret.directory.given && !files) {
    complain(problems_, secret.place,
             "has no key material: say directory, or tls.crt and tls.key, or ca.crt");
  }
  if (secret.tls_crt.given != secret.tls_key.given) {
    complain(problems_, secret.tls_crt.given ? secret.tls_crt.place : secret.tls_key.place,
             "tls.crt and tls.key belong together: write both");
  }
  if (secret.ca_crl.given && !secret.ca_crt.given) {
    complain(problems_, secret.ca_crl.place,
             "a revocation list needs the authority that issued it: write ca.crt as well");
  }
}

void SecretBook::check_overlap(const Written<Millis>& overlap, SecretConfig& config) {
  constexpr Millis kMost = std::chrono::hours(720);
  if (*overlap <= kMost) {
    config.ca_overlap = *overlap;
    return;
  }
  complain(problems_, overlap.place,
           duration_text(*overlap) + " is out of range: write 0s to " + duration_text(kMost));
}

void SecretBook::use(const std::string& name, const Place& place, SecretUse use,
                     bool default_name) {
  auto declared = declared_.find(name);
  if (draft_.secrets_elsewhere) return;
  if (declared == declared_.end()) {
    use_folder(name, place, default_name);
  } else if (check_use(declared->second, place, use)) {
    used_.emplace(name, declared->second);
  }
}

bool SecretBook::check_use(const SecretConfig& secret, const Place& place, SecretUse use) {
  bool certificate = !secret.tls_crt.empty();
  bool authorities = !secret.ca_crt.empty();
  bool tickets = !secret.ticket_keys.empty();
  // Of a folder only its files can tell; and one without anything was reported where it stands.
  if (!secret.directory.empty() || !(certificate || authorities || tickets)) return true;
  if (use == SecretUse::Server && !certificate) {
    complain(problems_, place, "secret " + in_quotes(secret.name) +
                                   " has no tls.crt and tls.key, which a site shows its clients");
    return false;
  }
  if (use == SecretUse::TicketKeys && !tickets) {
    complain(problems_, place, "secret " + in_quotes(secret.name) +
                                   " has no ticket.key, from which the keys of tickets are made");
    return false;
  }
  if (use == SecretUse::Authorities && !authorities) {
    complain(problems_, place, "secret " + in_quotes(secret.name) +
                                   " has no ca.crt, which client certificates are checked by");
    return false;
  }
  return true;
}

void SecretBook::use_folder(const std::string& name, const Place& place, bool default_name) {
  const Written<std::string>& directory = draft_.secrets_directory;
  if (!directory) {
    if (directory.wrong()) return;
    std::string remedy = ", and no secrets_directory is set that could have its folder";
    complain(problems_, place,
             default_name ? "secret is missing: none is named " + in_quotes(name) + remedy
                          : not_declared(name, names()) + remedy);
    return;
  }
  if (name.empty() || name == "." || name.find('/') != std::string::npos ||
      name.find("..") != std::string::npos) {
    complain(problems_, place,
             in_quotes(name) + " is neither declared nor a folder's name in secrets_directory");
    return;
  }
  SecretConfig config;
  config.name = name;
  config.directory = from_folder(from_folder(draft_.folder, *directory), name);
  config.place = place;
  used_.emplace(name, config);
}

std::vector<SecretConfig> SecretBook::used() const {
  std::vector<SecretConfig> all;
  for (const auto& [name, config] : used_) all.push_back(config);
  return all;
}

std::vector<std::string> SecretBook::names() const {
  std::vector<std::string> all;
  for (const auto& [name, config] : declared_) all.push_back(name);
  return all;
}

}  // namespace sallyport
