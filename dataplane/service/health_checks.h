// The health checks of all services that want some, in a thread of their own.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>

#include "dataplane/base/shared_map.h"
#include "dataplane/service/health_probe.h"
#include "dataplane/service/service.h"

namespace sallyport {

/// One probe for each endpoint that is checked, kept over changes of its service. What it finds is
/// told to the service's ServiceHealth, where workers see it.
/// Thread: the control thread's. The thread of the checks exists from the first service on that
/// wants some.
class HealthChecks {
 public:
  using Services = SharedMap<std::shared_ptr<const Service>>;  // by name

  explicit HealthChecks(size_t workers) : tls_slot_(workers) {}
  ~HealthChecks();

  /// From here on these are the services. Costs by what has changed.
  void use(const Services& services);

 private:
  struct Running {
    explicit Running(size_t tls_slot);
    ~Running();
    void change(const Service* was, const std::shared_ptr<const Service>& now);

    Loop loop;
    Scratch scratch;
    ProbeContext context;
    std::unordered_map<const EndpointHealth*, std::unique_ptr<HealthProbe>> probes;
    std::thread thread;
  };

  size_t tls_slot_;
  Services services_;
  std::unique_ptr<Running> running_;
};

}  // namespace sallyport
