#include "control/file/kubernetes_reader.h"

namespace sallyport {

namespace {

// What the mapping under `key` is read to be by `fill`, which asks for all keys that it can have.
template <class T, class Fill>
Written<T> section(YamlMapping& map, const char* key, Problems& problems, Fill fill) {
  Written<T> written;
  written.place = map.place();
  const YamlNode* node = map.child(key);
  if (!node) return written;
  written.given = true;
  written.place = map.place_of_child(*node);
  YamlMapping inner(*node, written.place, problems);
  if (!inner.valid()) return written;
  written.value.emplace();
  fill(inner, *written.value);
  inner.finish();
  return written;
}

void fill_status(YamlMapping& map, DraftPublishedStatus& draft) {
  draft.service = map.text("service");
  draft.addresses = map.texts("addresses");
  draft.nodes = map.boolean("nodes");
}

void fill_election(YamlMapping& map, DraftLeaderElection& draft) {
  draft.enabled = map.boolean("enabled");
  draft.lease = map.text("lease");
  draft.space = map.text("namespace");
  draft.duration = map.duration("duration");
}

}  // namespace

Written<DraftKubernetes> read_kubernetes(YamlMapping& document, Problems& problems) {
  auto fill = [&](YamlMapping& map, DraftKubernetes& draft) {
    draft.kubeconfig = map.text("kubeconfig");
    draft.context = map.text("context");
    draft.manifests = map.text("manifests");
    draft.namespaces = map.texts("namespaces");
    draft.ingress_classes = map.texts("ingress_classes");
    draft.controller = map.text("controller");
    draft.ssl_passthrough = map.boolean("ssl_passthrough");
    draft.compat = map.word<Compat>("compat");
    draft.require_backend_verification = map.boolean("require_backend_verification");
    draft.secrets = map.word<SecretAccess>("secrets");
    draft.default_certificate = map.text("default_certificate");
    draft.config_map = map.text("config_map");
    draft.cache = map.text("cache");
    draft.cache_secrets = map.boolean("cache_secrets");
    draft.watch_timeout = map.duration("watch_timeout");
    draft.objects_size = map.size("objects_size");
    draft.status = section<DraftPublishedStatus>(map, "status", problems, fill_status);
    draft.leader_election =
        section<DraftLeaderElection>(map, "leader_election", problems, fill_election);
    draft.events = map.boolean("events");
    draft.ticket_secret = map.text("ticket_secret");
  };
  return section<DraftKubernetes>(document, "kubernetes", problems, fill);
}

}  // namespace sallyport
