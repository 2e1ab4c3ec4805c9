// The keys of ingress-nginx's ConfigMap: one table, like that of the annotations.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/kube/annotation_table.h"

namespace sallyport::kube {

/// What is the same for all Ingresses.
struct GlobalNotes {
  IngressNotes defaults;  // of annotations that are left out
  AnnotationContext context;
  Risk most_risk = Risk::High;
  TlsVersion min_tls = TlsVersion::V1_2;
  std::vector<std::string> ciphers, groups;  // names; empty: the default ones
  bool staple = false;
  uint16_t redirect_code = 308;
  /// Paths that begin so are not redirected to HTTPS.
  std::vector<std::string> no_redirect = {"/.well-known/acme-challenge"};
  std::optional<HstsConfig> hsts = HstsConfig{Seconds(31'536'000), true, false};
  bool refuse_unknown_names = false;
  bool backend_tls_by_path_only = false;
  std::vector<std::string> response_headers;  // names that custom-headers may set; lower case
};

struct ConfigKeyRow {
  const char* name;
  Support support;
  const char* values;
  const char* meaning;
  const char* note;  // how it differs, or what to do instead
  void (*read)(const AnnotationReader&, GlobalNotes&) = nullptr;
  const char* idle = "";  // a value that asks for nothing
  Loss loss = Loss::Feature;
};

std::span<const ConfigKeyRow> config_key_rows();

/// Reads `map`, which may be null, over the defaults of ingress-nginx.
GlobalNotes read_config_map(const Object* map, bool compat, Findings& findings);

std::string config_keys_markdown();

}  // namespace sallyport::kube
