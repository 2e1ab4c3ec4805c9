#include "control/kube/cluster_counts.h"

#include "dataplane/observe/prometheus_writer.h"

namespace sallyport::kube {

void ClusterCounts::note(const Delta& delta) {
  std::lock_guard lock(mutex_);
  for (const Finding& finding : delta.new_findings) {
    ++findings_[{name(finding.severity), finding.code}];
  }
  for (const Finding& finding : delta.old_findings) {
    auto found = findings_.find({name(finding.severity), finding.code});
    if (found != findings_.end() && --found->second == 0) findings_.erase(found);
  }
  for (const auto& [service, config] : delta.services) {
    bool open = config && config->tls && config->tls->verify == VerifyBackend::None;
    if (open) {
      unverified_.insert(service);
    } else {
      unverified_.erase(service);
    }
  }
}

void ClusterCounts::reset() {
  std::lock_guard lock(mutex_);
  findings_.clear();
  unverified_.clear();
}

std::string ClusterCounts::prometheus() const {
  std::lock_guard lock(mutex_);
  PrometheusWriter out;
  out.family("sallyport_kubernetes_findings", "gauge",
             "What there is to say of objects, by severity and code.");
  for (const auto& [key, count] : findings_) {
    out.value(prometheus_label("severity", key.first) + "," + prometheus_label("code", key.second),
              count);
  }
  out.family("sallyport_kubernetes_unverified_services", "gauge",
             "Services spoken to by TLS whose certificate nobody checks.");
  out.value("", unverified_.size());
  return out.take();
}

}  // namespace sallyport::kube
