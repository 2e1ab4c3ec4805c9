#include "dataplane/model/validate_kubernetes.h"

#include <algorithm>

#include "dataplane/model/complain.h"
#include "dataplane/model/quantity.h"
#include "dataplane/model/secret_book.h"

namespace sallyport {
namespace {

constexpr Word<SecretAccess> kSecretAccess[] = {{"cluster", SecretAccess::Cluster},
                                                {"namespaces", SecretAccess::Namespaces},
                                                {"names", SecretAccess::Names}};
constexpr Word<Compat> kCompat[] = {{"off", Compat::Off}, {"ingress-nginx", Compat::IngressNginx}};

template <class E, size_t N>
const char* word_of(const Word<E> (&all)[N], E value) {
  for (const Word<E>& word : all) {
    if (word.value == value) return word.text;
  }
  return "";
}

constexpr size_t kMostName = 253;  // of an object; a namespace has at most 63

// A DNS-1123 subdomain: what Kubernetes lets objects be called.
bool is_object_name(const std::string& text) {
  if (text.empty() || text.size() > kMostName) return false;
  auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!plain(text.front()) || !plain(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return plain(c) || c == '-' || c == '.'; });
}

class Kubernetes {
 public:
  Kubernetes(const Draft& draft, KubernetesConfig& config, Problems& problems)
      : draft_(draft), kube_(*draft.kubernetes), config_(config), problems_(problems) {}

  void run() {
    access();
    choice();
    reference(kube_.default_certificate, config_.default_certificate);
    reference(kube_.config_map, config_.config_map);
    reference(kube_.ticket_secret, config_.ticket_secret);
    if (draft_.ticket_keys.given && kube_.ticket_secret.given) {
      complain(problems_, kube_.ticket_secret.place,
               "ticket_keys is written, too, at " + draft_.ticket_keys.place.text() +
                   ": leave one of them out");
    }
    cache();
    status();
    leader_election();
    config_.events = kube_.events.or_else(true);
    time(kube_.watch_timeout, Millis(1'000), Millis(3'600'000), config_.watch_timeout);
    objects_size();
  }

 private:
  void access() {
    config_.kubeconfig = path(kube_.kubeconfig);
    config_.manifests = path(kube_.manifests);
    if (kube_.manifests.given && kube_.kubeconfig.given) {
      complain(problems_, kube_.manifests.place,
               "is in place of an API server: leave kubeconfig out, or this");
    }
    config_.context = kube_.context.or_else("");
    if (kube_.context.given && !kube_.kubeconfig.given) {
      complain(problems_, kube_.context.place, "belongs to a kubeconfig: name one as well");
    }
  }

  void choice() {
    names(kube_.namespaces, config_.namespaces);
    names(kube_.ingress_classes, config_.ingress_classes);
    if (kube_.controller) {
      config_.controller = *kube_.controller;
      if (config_.controller.empty()) {
        complain(problems_, kube_.controller.place,
                 "is empty: write a domain and a path, such as " +
                     KubernetesConfig{}.controller);
      }
    }
    config_.ssl_passthrough = kube_.ssl_passthrough.or_else(false);
    config_.compat = kube_.compat.or_else(Compat::Off);
    config_.require_backend_verification = kube_.require_backend_verification.or_else(false);
    config_.secrets = kube_.secrets.or_else(SecretAccess::Cluster);
  }

  void names(const WrittenList<std::string>& written, std::vector<std::string>& out) {
    if (!written) return;
    for (const auto& each : *written) {
      if (!each) continue;
      if (!is_object_name(*each)) {
        complain(problems_, each.place, in_quotes(*each) + " is no name of an object: write "
                                            "small letters, digits, '-' and '.'");
      }
      out.push_back(*each);
    }
  }

  void reference(const Written<std::string>& written, NamespacedName& out) {
    if (!written) return;
    size_t slash = written->find('/');
    NamespacedName found{written->substr(0, slash),
                          slash == std::string::npos ? "" : written->substr(slash + 1)};
    if (!is_object_name(found.space) || !is_object_name(found.name)) {
      complain(problems_, written.place,
               in_quotes(*written) + " does not name an object: write NAMESPACE/NAME");
      return;
    }
    out = std::move(found);
  }

  void cache() {
    config_.cache = path(kube_.cache);
    config_.cache_secrets = kube_.cache_secrets.or_else(false);
    if (kube_.cache_secrets.given && !kube_.cache.given) {
      complain(problems_, kube_.cache_secrets.place, "needs a cache: write cache: FILE as well");
    }
  }

  void status() {
    if (!kube_.status) return;
    const DraftPublishedStatus& written = *kube_.status;
    int ways = written.service.given + written.addresses.given + written.nodes.given;
    if (ways != 1) {
      complain(problems_, kube_.status.place,
               "write one of {service: NAMESPACE/NAME}, {addresses: […]} and {nodes: true}");
    }
    reference(written.service, config_.status.service);
    config_.status.nodes = written.nodes.or_else(false);
    if (!written.addresses) return;
    for (const auto& each : *written.addresses) {
      if (!each) continue;
      if (!Address::parse_ip(*each) && !is_object_name(*each)) {
        complain(problems_, each.place, in_quotes(*each) + " is neither an IP nor a host name");
      }
      config_.status.addresses.push_back(*each);
    }
  }

  void leader_election() {
    if (!kube_.leader_election) return;
    const DraftLeaderElection& written = *kube_.leader_election;
    LeaderElection& election = config_.leader_election;
    election.enabled = written.enabled.or_else(true);
    object_name(written.lease, election.lease);
    object_name(written.space, election.space);
    time(written.duration, Millis(2'000), Millis(300'000), election.duration);
  }

  void objects_size() {
    constexpr uint64_t kLeast = uint64_t{1} << 20, kMost = uint64_t{1} << 40;
    const Written<uint64_t>& written = kube_.objects_size;
    if (!written) return;
    if (*written < kLeast || *written > kMost) {
      complain(problems_, written.place,
               size_text(*written) + " is out of range: write " + size_text(kLeast) + " to " +
                   size_text(kMost));
      return;
    }
    config_.objects_size = *written;
  }

  void object_name(const Written<std::string>& written, std::string& out) {
    if (!written) return;
    if (!is_object_name(*written)) {
      complain(problems_, written.place, in_quotes(*written) + " is no name of an object");
    }
    out = *written;
  }

  void time(const Written<Millis>& written, Millis least, Millis most, Millis& out) {
    if (!written) return;
    if (*written < least || *written > most) {
      complain(problems_, written.place,
               duration_text(*written) + " is out of range: write " + duration_text(least) +
                   " to " + duration_text(most));
      return;
    }
    out = *written;
  }

  std::string path(const Written<std::string>& written) {
    if (!written) return {};
    if (written->empty()) complain(problems_, written.place, "is empty: write a path");
    return from_folder(draft_.folder, *written);
  }

  const Draft& draft_;
  const DraftKubernetes& kube_;
  KubernetesConfig& config_;
  Problems& problems_;
};

}  // namespace

template <>
std::span<const Word<SecretAccess>> words() {
  return kSecretAccess;
}
template <>
std::span<const Word<Compat>> words() {
  return kCompat;
}

const Draft& with_default_listeners(const Draft& draft, Draft& completed) {
  if (!draft.kubernetes || draft.listeners.given) return draft;
  completed = draft;
  completed.listeners.given = true;
  completed.listeners.place = draft.kubernetes.place;
  auto listener = [&](const char* called, const char* address, Protocol protocol) {
    DraftListener made;
    made.place = draft.kubernetes.place;
    made.name = {called, true, made.place};
    made.address = {address, true, made.place};
    made.protocol = {protocol, true, made.place};
    return made;
  };
  completed.listeners.value = {listener("http", ":80", Protocol::Http),
                               listener("https", ":443", Protocol::Https)};
  return completed;
}

const char* name(SecretAccess value) { return word_of(kSecretAccess, value); }
const char* name(Compat value) { return word_of(kCompat, value); }

void validate_kubernetes(const Draft& draft, Config& config, Problems& problems) {
  if (!draft.kubernetes) return;
  config.kubernetes.emplace();
  Kubernetes(draft, *config.kubernetes, problems).run();
}

}  // namespace sallyport
