#include "control/file/secret_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

namespace sallyport {

namespace {

// What Kubernetes allows a whole Secret; a real chain with key has a few KiB.
constexpr size_t kMostBytes = 1024 * 1024;

constexpr size_t kTicketKeysMost = 10;

class SecretFiles {
 public:
  SecretFiles(const SecretConfig& config, Problems& problems)
      : config_(config), problems_(problems) {}

  SecretData read() {
    SecretData data;
    bool folder = !config_.directory.empty();
    if (folder && ::access(config_.directory.c_str(), X_OK) < 0) {
      complain(config_.directory, strerror(errno));
      return data;
    }
    read_key("tls.crt", config_.tls_crt, data.tls_crt);
    read_key("tls.key", config_.tls_key, data.tls_key);
    read_key("ca.crt", config_.ca_crt, data.ca_crt);
    read_key("ca.crl", config_.ca_crl, data.ca_crl);
    read_ticket_keys(data.ticket_keys);
    return data;
  }

 private:
  // Of a folder: ticket.key, ticket.key.1 and so on, as far as they are there.
  void read_ticket_keys(std::vector<std::string>& out) {
    bool folder = !config_.directory.empty();
    size_t most = folder ? kTicketKeysMost : config_.ticket_keys.size();
    for (size_t i = 0; i < most; ++i) {
      std::string key = i == 0 ? "ticket.key" : "ticket.key." + std::to_string(i);
      std::string bytes;
      read_key(key.c_str(), folder ? "" : config_.ticket_keys[i], bytes);
      if (!bytes.empty()) out.push_back(std::move(bytes));
      // Without the first there would be no telling which of the others is the newest.
      if (out.empty()) return;
    }
  }

  void read_key(const char* key, const std::string& named, std::string& out) {
    bool folder = !config_.directory.empty();
    std::string path = folder ? config_.directory + "/" + key : named;
    if (path.empty()) return;
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
      if (!(folder && errno == ENOENT)) complain(path, strerror(errno));
      return;
    }
    struct stat about {};
    // Sized once, so that no reallocation leaves a copy of a key behind.
    if (::fstat(fd, &about) < 0 || !S_ISREG(about.st_mode)) {
      complain(path, "not a file");
    } else if (static_cast<size_t>(about.st_size) > kMostBytes) {
      complain(path, "larger than 1 MiB");
    } else {
      out.resize(static_cast<size_t>(about.st_size));
      size_t have = 0;
      while (have < out.size()) {
        ssize_t n = ::read(fd, out.data() + have, out.size() - have);
        if (n <= 0) break;
        have += static_cast<size_t>(n);
      }
      // A file that shrinks while it is read is being written: what is there is no whole key.
      if (have < out.size()) complain(path, "changed while it was read");
      if (about.st_size == 0) complain(path, "empty");
    }
    ::close(fd);
  }

  void complain(const std::string& path, const char* what) {
    problems_.push_back({config_.place, config_.place.path,
                         "secret \"" + config_.name + "\": " + path + ": " + what});
  }

  const SecretConfig& config_;
  Problems& problems_;
};

}  // namespace

std::shared_ptr<const SecretData> read_secret(const SecretConfig& secret, Problems& problems) {
  size_t before = problems.size();
  SecretData data = SecretFiles(secret, problems).read();
  if (problems.size() > before) return nullptr;
  return std::make_shared<const SecretData>(std::move(data));
}

SecretMap read_secrets(const Config& config, Problems& problems) {
  SecretMap all;
  for (const SecretConfig& secret : config.secrets) {
    if (auto data = read_secret(secret, problems)) all.put(secret.name, std::move(data));
  }
  return all;
}

}  // namespace sallyport
