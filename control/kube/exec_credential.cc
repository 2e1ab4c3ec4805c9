#include "control/kube/exec_credential.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/kube/base64.h"
#include "control/kube/json_field.h"
#include "control/kube/parse.h"
#include "dataplane/base/json_object.h"

extern char** environ;

namespace sallyport::kube {

namespace {

constexpr size_t kMostBytes = 1024 * 1024;

std::string exec_info(const Access& access) {
  std::string info = R"({"kind":"ExecCredential","apiVersion":)";
  append_json_string(info, access.exec->api_version);
  info += R"(,"spec":{"interactive":false)";
  if (access.exec->cluster_info) {
    info += R"(,"cluster":{"server":)";
    append_json_string(info, access.server);
    if (!access.tls_server_name.empty()) {
      info += R"(,"tls-server-name":)";
      append_json_string(info, access.tls_server_name);
    }
    if (!access.ca.empty()) {
      info += R"(,"certificate-authority-data":)";
      append_json_string(info, base64_encode(access.ca));
    }
    info += '}';
  }
  return info + "}}";
}

/// A program and the pipe that its output comes through.
class Child {
 public:
  ~Child() {
    if (output_ >= 0) ::close(output_);
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  Result<void> start(const Access& access) {
    const ExecPlugin& plugin = *access.exec;
    std::vector<std::string> environment;
    for (char** e = environ; *e; ++e) environment.emplace_back(*e);
    for (const auto& [name, value] : plugin.environment) environment.push_back(name + "=" + value);
    environment.push_back("KUBERNETES_EXEC_INFO=" + exec_info(access));
    std::vector<std::string> arguments = {plugin.command};
    arguments.insert(arguments.end(), plugin.arguments.begin(), plugin.arguments.end());

    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return Error{strerror(errno)};
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    // Our threads block and ignore signals that the program may live by.
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failed = ::posix_spawnp(&pid_, plugin.command.c_str(), &actions, &attributes,
                                pointers(arguments).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    ::close(ends[1]);
    if (failed) {
      pid_ = 0;
      return Error{strerror(failed)};
    }
    return {};
  }

  Result<std::string> read_to_end(Millis most) {
    auto end = std::chrono::steady_clock::now() + most;
    std::string text;
    char block[4096];
    for (;;) {
      auto left = std::chrono::duration_cast<Millis>(end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return Error{"did not end in time"};
      pollfd waiting{output_, POLLIN, 0};
      int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
      if (ready < 0 && errno != EINTR) return Error{strerror(errno)};
      if (ready <= 0) continue;
      ssize_t count = ::read(output_, block, sizeof block);
      if (count < 0) return Error{strerror(errno)};
      if (count == 0) return text;
      text.append(block, static_cast<size_t>(count));
      if (text.size() > kMostBytes) return Error{"printed more than 1 MiB"};
    }
  }

  // After the end of its output it has a second to leave.
  Result<void> wait() {
    for (int i = 0; i < 100; ++i) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
        return Error{WIFEXITED(status) ? "ended with " + std::to_string(WEXITSTATUS(status))
                                       : "ended by signal " + std::to_string(WTERMSIG(status))};
      }
      ::usleep(10'000);
    }
    return Error{"did not end after its output did"};
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  }

  pid_t pid_ = 0;
  int output_ = -1;
};

}  // namespace

Result<ExecCredential> parse_exec_credential(std::string_view json, std::string_view api_version) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(simdjson::padded_string(json)).get(document)) return Error{"printed no JSON"};
  std::string error;
  JsonField root(document, error);
  if (error.empty() && root["kind"].text() != "ExecCredential") {
    return Error{"printed no ExecCredential"};
  }
  if (error.empty() && root["apiVersion"].text() != api_version) {
    return Error{"printed an ExecCredential of another version than " + std::string(api_version)};
  }
  JsonField status = root["status"];
  ExecCredential credential;
  credential.token = status["token"].text();
  credential.client_crt = status["clientCertificateData"].text();
  credential.client_key = status["clientKeyData"].text();
  credential.expires = parse_time(status["expirationTimestamp"].text());
  if (!error.empty()) return Error{error};
  if (credential.client_crt.empty() != credential.client_key.empty()) {
    return Error{"printed a client certificate without a key, or the other way round"};
  }
  if (credential.token.empty() && credential.client_crt.empty()) {
    return Error{"printed neither a token nor a client certificate"};
  }
  return credential;
}

Result<ExecCredential> run_exec_plugin(const Access& access, Millis most) {
  auto fail = [&](const Error& why) { return Error{access.exec->command + ": " + why.message}; };
  Child child;
  if (Result<void> started = child.start(access); !started) return fail(started.error());
  Result<std::string> output = child.read_to_end(most);
  if (!output) return fail(output.error());
  if (Result<void> ended = child.wait(); !ended) return fail(ended.error());
  auto credential = parse_exec_credential(*output, access.exec->api_version);
  if (!credential) return fail(credential.error());
  return credential;
}

}  // namespace sallyport::kube
