#include "control/admin/admin_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace sallyport {
namespace {

constexpr size_t kMoreThanSocketsHold = 32 * 1024 * 1024;

/// A blocking client that gives up after 30 s.
class Client {
 public:
  explicit Client(const Address& to) : Client(to.family(), to.raw(), to.raw_size()) {}
  explicit Client(const std::string& path) : Client(unix_name(path)) {}
  Client(Client&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), rest_(std::move(other.rest_)) {}
  ~Client() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool send(std::string_view text) {
    while (!text.empty()) {
      ssize_t n = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  void end() { ::shutdown(descriptor_, SHUT_WR); }

  /// One response, head and body; empty if there is none.
  std::string response(bool head_only = false) {
    size_t end = 0;
    while ((end = rest_.find("\r\n\r\n")) == rest_.npos) {
      if (!receive()) return std::exchange(rest_, "");
    }
    end += 4;
    size_t field = rest_.find("Content-Length: ");
    if (field < end && !head_only) end += std::stoul(rest_.substr(field + 16));
    while (rest_.size() < end) {
      if (!receive()) break;
    }
    std::string response = rest_.substr(0, end);
    rest_.erase(0, end);
    return response;
  }
  std::string ask(std::string_view text) { return send(text) ? response() : ""; }

  /// Whether the server has ended the connection, orderly or not.
  bool ended() { return rest_.empty() && !receive(); }
  bool readable(int millis) {
    pollfd wait{descriptor_, POLLIN, 0};
    return ::poll(&wait, 1, millis) > 0;
  }

 private:
  static sockaddr_un unix_name(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    return name;
  }
  explicit Client(const sockaddr_un& name)
      : Client(AF_UNIX, reinterpret_cast<const sockaddr*>(&name), sizeof name) {}
  Client(int family, const sockaddr* to, socklen_t size)
      : descriptor_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval most{30, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    int connected;
    do {  // interrupted as recv() below
      connected = ::connect(descriptor_, to, size);
    } while (connected < 0 && errno == EINTR);
    EXPECT_EQ(connected, 0) << strerror(errno);
  }
  bool receive() {
    char buffer[64 * 1024];
    ssize_t n;
    // What the kernel clears away behind an earlier loop that used io_uring (libuv 1.50) interrupts
    // calls that have a timeout, without any signal.
    do {
      n = ::recv(descriptor_, buffer, sizeof buffer, 0);
    } while (n < 0 && errno == EINTR);
    if (n > 0) rest_.append(buffer, static_cast<size_t>(n));
    EXPECT_FALSE(n < 0 && errno == EAGAIN) << "nothing came for 30 s";
    return n > 0;
  }

  int descriptor_;
  std::string rest_;
};

HttpAddress loopback() {
  HttpAddress address;
  address.address = *Address::parse("127.0.0.1:0");
  return address;
}

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() { start(loopback(), loopback()); }

  void start(const HttpAddress& metrics, const HttpAddress& admin) {
    server_.reset();
    auto server = AdminServer::start(metrics, admin, source());
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  AdminSource source() {
    return {
        [this] { return ready_.load(); },
        [this] {
          ++scrapes_;
          return metrics_;
        },
        [] { return "{\"sites\":[]}"; },
        [](size_t most) { return "{\"most\":" + std::to_string(most) + "}"; },
        [](const ApiQuery&) { return "{}"; },
        [](const ApiQuery&) { return "{}"; },
        [](const ApiQuery&) { return "{}"; },
    };
  }
  Client metrics() { return Client(server_->metrics_address()); }
  Client admin() { return Client(server_->admin_address()); }

  std::atomic<bool> ready_{true};
  std::atomic<int> scrapes_{0};
  std::string metrics_ = "sallyport_up 1\n";
  std::unique_ptr<AdminServer> server_;
};

std::string get(std::string_view path, std::string_view host = "127.0.0.1") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
}

std::string status(const std::string& response) { return response.substr(0, 12); }
std::string body(const std::string& response) {
  return response.substr(std::min(response.find("\r\n\r\n") + 4, response.size()));
}
bool has(const std::string& response, std::string_view text) {
  return response.find(text) != std::string::npos;
}

TEST_F(AdminServerTest, AnswersEachPath) {
  struct Row {
    const char* path;
    const char* on_metrics;
    const char* on_admin;
  };
  const Row rows[] = {
      {"/healthz", "HTTP/1.1 200", "HTTP/1.1 200"},
      {"/readyz", "HTTP/1.1 200", "HTTP/1.1 200"},
      {"/metrics", "HTTP/1.1 200", "HTTP/1.1 200"},
      {"/api/v1/config", "HTTP/1.1 404", "HTTP/1.1 200"},
      {"/api/v1/connections?limit=3", "HTTP/1.1 404", "HTTP/1.1 200"},
      {"/", "HTTP/1.1 404", "HTTP/1.1 200"},
      {"/none", "HTTP/1.1 404", "HTTP/1.1 404"},
  };
  Client to_metrics = metrics(), to_admin = admin();  // kept alive throughout
  for (const Row& row : rows) {
    EXPECT_EQ(status(to_metrics.ask(get(row.path))), row.on_metrics) << row.path;
    EXPECT_EQ(status(to_admin.ask(get(row.path))), row.on_admin) << row.path;
  }
  EXPECT_EQ(body(to_admin.ask(get("/api/v1/connections?limit=3"))), "{\"most\":3}");
  EXPECT_EQ(body(to_metrics.ask(get("/metrics"))), metrics_);
  ready_ = false;
  EXPECT_EQ(status(to_metrics.ask(get("/readyz"))), "HTTP/1.1 503");
}

TEST_F(AdminServerTest, SendsTheFieldsThatProtect) {
  Client client = admin();
  for (const char* path : {"/api/v1/config", "/none"}) {
    std::string response = client.ask(get(path));
    EXPECT_TRUE(has(response, "\r\nContent-Type: application/json\r\n")) << response;
    EXPECT_TRUE(has(response, "\r\nCache-Control: no-store\r\n"));
    EXPECT_TRUE(has(response, "\r\nX-Content-Type-Options: nosniff\r\n"));
    EXPECT_TRUE(has(response, "\r\nDate: "));
    EXPECT_TRUE(has(response, " GMT\r\n"));
    EXPECT_FALSE(has(response, "Connection: close"));
  }
}

TEST_F(AdminServerTest, RefusesBadRequestsAndCloses) {
  struct Row {
    std::string text;
    const char* status;
  };
  const Row rows[] = {
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\nHost: 127.0.0.1\n\n", "HTTP/1.1 400"},
      {"GET / HTTP/3.0\r\n", "HTTP/1.1 505"},
      {"\x16\x03\x01\x02", "HTTP/1.1 400"},
      {"GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", "HTTP/1.1 431"},
      {"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50000\r\n\r\n" +
           std::string(50'000, 'x'), "HTTP/1.1 405"},
      {"GET / HTTP/1.1\r\nHost: evil.example.com\r\nContent-Length: 40\r\n\r\n" +
           get("/metrics"), "HTTP/1.1 421"},
      {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 40\r\n\r\n" + get("/metrics"),
       "HTTP/1.1 400"},
  };
  for (const Row& row : rows) {
    Client client = admin();
    ASSERT_TRUE(client.send(row.text)) << row.text.substr(0, 60);
    std::string response = client.response();
    EXPECT_EQ(status(response), row.status) << row.text.substr(0, 60);
    EXPECT_TRUE(has(response, "\r\nConnection: close\r\n"));
    EXPECT_TRUE(has(body(response), "{\"error\":\"")) << response;
    client.end();
    EXPECT_TRUE(client.ended()) << row.text.substr(0, 60);
  }
  EXPECT_EQ(scrapes_, 0);
}

TEST_F(AdminServerTest, TellsWhatMayBeAsked) {
  Client client = admin();
  std::string response = client.ask("DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status(response), "HTTP/1.1 405");
  EXPECT_TRUE(has(response, "\r\nAllow: GET, HEAD\r\n"));
  EXPECT_EQ(status(client.ask(get("/healthz"))), "HTTP/1.1 200");
}

TEST_F(AdminServerTest, ChecksTheHostOnTheAdminAddress) {
  struct Row {
    const char* host;
    const char* on_admin;
  };
  const Row rows[] = {
      {"127.0.0.1:9901", "HTTP/1.1 200"},  {"localhost:9901", "HTTP/1.1 200"},
      {"[::1]", "HTTP/1.1 200"},           {"admin.localhost", "HTTP/1.1 200"},
      {"evil.example.com", "HTTP/1.1 421"}, {"", "HTTP/1.1 421"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(status(admin().ask(get("/healthz", row.host))), row.on_admin) << row.host;
    EXPECT_EQ(status(metrics().ask(get("/healthz", row.host))), "HTTP/1.1 200") << row.host;
  }
  // The absolute form counts, whatever the Host field says.
  EXPECT_EQ(status(admin().ask(get("http://evil.example.com/healthz", "localhost"))),
            "HTTP/1.1 421");
  EXPECT_EQ(status(admin().ask(get("http://localhost:1/healthz", "evil.example.com"))),
            "HTTP/1.1 200");
}

TEST_F(AdminServerTest, AnswersHeadWithoutABody) {
  Client client = metrics();
  ASSERT_TRUE(client.send("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
  std::string response = client.response(true);
  EXPECT_EQ(status(response), "HTTP/1.1 200");
  EXPECT_TRUE(has(response, "\r\nContent-Length: 15\r\n"));
  // The next thing to come is the next response, not a body.
  EXPECT_EQ(status(client.ask(get("/healthz"))), "HTTP/1.1 200");
}

TEST_F(AdminServerTest, ClosesAfterHttpOneZeroAndWhenAsked) {
  for (const char* text : {"GET /healthz HTTP/1.0\r\n\r\n",
                           "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}) {
    Client client = metrics();
    std::string response = client.ask(text);
    EXPECT_EQ(body(response), "alive\n");
    EXPECT_TRUE(has(response, "\r\nConnection: close\r\n"));
    EXPECT_TRUE(client.ended());
  }
}

TEST_F(AdminServerTest, AnswersAClientThatHasEndedItsSide) {
  Client client = metrics();
  ASSERT_TRUE(client.send(get("/healthz")));
  client.end();
  EXPECT_EQ(body(client.response()), "alive\n");
  EXPECT_TRUE(client.ended());
}

TEST_F(AdminServerTest, TakesDrippedBytes) {
  Client client = metrics();
  for (char c : get("/healthz")) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(body(client.response()), "alive\n");
}

TEST_F(AdminServerTest, AnswersPipelinedRequestsInOrder) {
  Client client = admin();
  std::string all;
  for (int i = 0; i < 100; ++i) all += get("/api/v1/connections?limit=" + std::to_string(i));
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(body(client.response()), "{\"most\":" + std::to_string(i) + "}");
  }
}

TEST_F(AdminServerTest, SendsALargeAnswerAsFastAsItIsRead) {
  metrics_.assign(kMoreThanSocketsHold, 'm');
  Client slow = metrics();
  ASSERT_TRUE(slow.send(get("/metrics") + get("/metrics")));
  ASSERT_TRUE(slow.readable(30'000));
  // Others are served meanwhile, and the second answer is not made before the first is taken.
  EXPECT_EQ(body(metrics().ask(get("/healthz"))), "alive\n");
  EXPECT_EQ(scrapes_, 1);
  EXPECT_TRUE(body(slow.response()) == metrics_);
  EXPECT_TRUE(body(slow.response()) == metrics_);
  EXPECT_EQ(scrapes_, 2);
}

TEST_F(AdminServerTest, TimesARequestOutThatDoesNotEnd) {
  Client begun = metrics(), silent = metrics();
  auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(begun.send("GET /healthz HT"));
  EXPECT_EQ(status(begun.response()), "HTTP/1.1 408");
  EXPECT_GE(std::chrono::steady_clock::now() - before, HttpConnection::kRequestTimeout);
  EXPECT_TRUE(silent.ended());
  begun.end();
  EXPECT_TRUE(begun.ended());
}

TEST_F(AdminServerTest, ServesManyConnectionsAndBoundsThem) {
  std::vector<Client> clients;
  for (size_t i = 0; i < HttpServer::kConnectionsMost; ++i) {
    clients.push_back(metrics());
    ASSERT_EQ(body(clients.back().ask(get("/healthz"))), "alive\n");
  }
  // One more takes the place of the oldest between two requests.
  Client next = metrics();
  EXPECT_EQ(body(next.ask(get("/healthz"))), "alive\n");
  EXPECT_TRUE(clients[0].ended());
  EXPECT_EQ(body(clients[1].ask(get("/healthz"))), "alive\n");

  // When all are in the middle of a request there is no place to take. The other address has
  // places of its own.
  for (size_t i = 1; i < clients.size(); ++i) ASSERT_TRUE(clients[i].send("GET"));
  ASSERT_TRUE(next.send("GET"));
  // One thread serves both addresses: when it answers here, it has seen the bytes sent before.
  EXPECT_EQ(body(admin().ask(get("/healthz"))), "alive\n");
  EXPECT_EQ(metrics().ask(get("/healthz")), "");
  EXPECT_EQ(body(next.ask(" /healthz HTTP/1.1\r\nHost: a\r\n\r\n")), "alive\n");
}

TEST_F(AdminServerTest, ServesManyClientsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      Client client = metrics();
      for (int i = 0; i < 50; ++i) right += body(client.ask(get("/metrics"))) == metrics_;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 16 * 50);
  EXPECT_EQ(scrapes_, 16 * 50);
}

TEST_F(AdminServerTest, ListensOnAUnixSocket) {
  std::string folder = testing::TempDir() + "sallyport-admin-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  HttpAddress admin;
  admin.unix_path = folder + "/admin.sock";
  start(loopback(), admin);
  EXPECT_FALSE(server_->admin_address().valid());
  EXPECT_TRUE(server_->metrics_address().valid());
  Client client(admin.unix_path);
  EXPECT_EQ(body(client.ask(get("/healthz", "localhost"))), "alive\n");
  EXPECT_EQ(status(client.ask(get("/", "evil.example.com"))), "HTTP/1.1 421");
  server_.reset();
  EXPECT_NE(::access(admin.unix_path.c_str(), F_OK), 0);
  EXPECT_TRUE(client.ended());
  ::rmdir(folder.c_str());
}

TEST_F(AdminServerTest, MayBeSwitchedOff) {
  start(HttpAddress{}, HttpAddress{});
  EXPECT_FALSE(server_->metrics_address().valid());
  EXPECT_FALSE(server_->admin_address().valid());
}

TEST_F(AdminServerTest, SaysWhyItCannotListen) {
  HttpAddress foreign;
  foreign.address = *Address::parse("192.0.2.1:0");
  auto server = AdminServer::start(loopback(), foreign, source());
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().message,
            "cannot listen on 192.0.2.1:0: Cannot assign requested address");
}

TEST_F(AdminServerTest, StopsWhileClientsAreConnected) {
  metrics_.assign(kMoreThanSocketsHold, 'm');
  Client slow = metrics(), idle = admin(), half = admin();
  ASSERT_TRUE(slow.send(get("/metrics")));
  ASSERT_TRUE(slow.readable(30'000));
  ASSERT_TRUE(half.send("GET /"));
  server_.reset();
  EXPECT_TRUE(idle.ended());
  EXPECT_TRUE(half.ended());
}

}  // namespace
}  // namespace sallyport
