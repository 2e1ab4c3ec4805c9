#include "control/check.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "control/file/secret_reader.h"
#include "control/file/yaml_reader.h"
#include "control/kube/cluster_check.h"
#include "dataplane/base/json_object.h"
#include "dataplane/route/snapshot.h"
#include "dataplane/tls/offer.h"

namespace sallyport {

namespace {

Problems problems_of(const CheckOptions& options) {
  ReadResult read = read_config_file(options.file);
  if (!read.config) return read.problems;
  Problems problems;
  if (!options.secrets) {
    check_offers(*read.config, problems);
    return problems;
  }
  Materials materials;
  materials.secrets = read_secrets(*read.config, problems);
  SnapshotBuilder builder(1);
  builder.build(*read.config, materials, problems);
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
  return problems;
}

void print_json(const Problems& problems) {
  std::string out = problems.empty() ? "{\"valid\":true" : "{\"valid\":false";
  out += ",\"problems\":[";
  for (const Problem& problem : problems) {
    if (&problem != &problems.front()) out += ',';
    JsonObject object(out);
    object.text("source", problem.place.source);
    object.number("line", int64_t{problem.place.line});
    object.number("column", int64_t{problem.place.column});
    object.text("path", problem.path);
    object.text("message", problem.message);
    object.end();
  }
  out += "]}";
  std::printf("%s\n", out.c_str());
}

int check_objects(const CheckOptions& options) {
  kube::ClusterCheckOptions cluster;
  cluster.manifests = options.manifests;
  cluster.kubeconfig = options.kubeconfig;
  cluster.context = options.context;
  cluster.json = options.json;
  cluster.print_roles = options.print_roles;
  for (const Word<SecretAccess>& word : words<SecretAccess>()) {
    if (options.secret_access == word.text) cluster.secrets = word.value;
  }
  if (options.with_file) {
    ReadResult read = read_config_file(options.file);
    for (const Problem& problem : read.problems) {
      std::fprintf(stderr, "%s\n", problem.text().c_str());
    }
    if (!read.config) return 1;
    cluster.config = std::move(read.config);
  }
  return kube::check_cluster(cluster);
}

}  // namespace

int check(const CheckOptions& options) {
  if (!options.manifests.empty() || !options.kubeconfig.empty()) return check_objects(options);
  Problems problems = problems_of(options);
  if (options.json) {
    print_json(problems);
  } else {
    for (const Problem& problem : problems) {
      std::fprintf(stderr, "%s\n", problem.text().c_str());
    }
    if (problems.empty()) std::printf("%s: valid\n", options.file.c_str());
  }
  return problems.empty() ? 0 : 1;
}

}  // namespace sallyport
