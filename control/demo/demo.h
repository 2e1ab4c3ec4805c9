// `sallyport demo`: the three scenarios and mTLS from the binary alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/demo/demo_backend.h"
#include "control/demo/demo_folder.h"
#include "control/demo/demo_pki.h"
#include "control/demo/demo_text.h"
#include "dataplane/base/result.h"

namespace sallyport {

/// Addresses as the configuration file writes them: "IP:PORT", ":PORT" or "unix:PATH". Port 0
/// stands for a free one.
struct DemoOptions {
  uint16_t port = 8443;       // of HTTPS, on 127.0.0.1
  uint16_t http_port = 8080;  // of plain HTTP, on 127.0.0.1
  std::string metrics = ":9900";
  std::string admin = "127.0.0.1:9901";
};

/// A temporary folder with a PKI and a configuration in it, and the backends that the
/// configuration names, running. Both end with the object.
class Demo {
 public:
  /// Errors are for the user: an address that is taken, no room for the folder.
  static Result<Demo> prepare(const DemoOptions& options);

  const DemoPlan& plan() const { return plan_; }
  std::string config_path() const { return folder_.path() + "/sallyport.yaml"; }

 private:
  explicit Demo(DemoFolder folder) : folder_(std::move(folder)) {}

  Result<void> build(const DemoOptions& options);
  Result<void> start_backends(const DemoPki& pki);
  Result<void> choose_addresses(const DemoOptions& options);

  DemoFolder folder_;
  DemoPlan plan_;
  std::vector<std::unique_ptr<DemoBackend>> backends_;
};

/// Prepares, prints what to try on stdout, and runs the proxy: `run` gets the configuration's path
/// and returns an exit status, which is returned here. 1 when the demo cannot be prepared; the
/// reason is on stderr. SIGINT, SIGTERM and SIGHUP are blocked in this thread from the beginning,
/// and stay so: one that comes early waits for `run`, so that no signal leaves the folder behind.
/// REQUIRES: `run` takes them with sigwait() or a signalfd. No other threads exist yet.
int demo_main(const DemoOptions& options, const std::function<int(const std::string&)>& run);

}  // namespace sallyport
