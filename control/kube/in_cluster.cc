#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/kube/access.h"

namespace sallyport::kube {

namespace {

constexpr size_t kMostBytes = 1024 * 1024;

std::string without_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  // Not waiting for whoever has the other end of a pipe.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Error{path + ": " + strerror(errno)};
  struct stat about{};
  if (::fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
    ::close(fd);
    return Error{path + ": is not a file"};
  }
  std::string text;
  char block[16 * 1024];
  ssize_t count = 0;
  while ((count = ::read(fd, block, sizeof block)) > 0 && text.size() <= kMostBytes) {
    text.append(block, static_cast<size_t>(count));
  }
  int failed = count < 0 ? errno : 0;
  ::close(fd);
  if (failed) return Error{path + ": " + strerror(failed)};
  if (text.size() > kMostBytes) return Error{path + ": more than 1 MiB"};
  return text;
}

Result<Access> in_cluster_access(const Environment& environment, const std::string& folder) {
  auto variable = [&](const char* key) {
    auto found = environment.find(key);
    return found == environment.end() ? std::string() : found->second;
  };
  std::string host = variable("KUBERNETES_SERVICE_HOST");
  std::string port = variable("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return Error{"not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; "
                 "outside a cluster, name a kubeconfig"};
  }
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  Access access;
  access.server = "https://" + host + ":" + port;
  Result<std::string> ca = read_small_file(folder + "/ca.crt");
  if (!ca) return ca.error();
  access.ca = *ca;
  access.token_file = folder + "/token";
  if (Result<std::string> token = read_small_file(access.token_file); !token) {
    return token.error();
  }
  if (Result<std::string> space = read_small_file(folder + "/namespace"); space) {
    access.space = without_end(*space);
  }
  return access;
}

}  // namespace sallyport::kube
