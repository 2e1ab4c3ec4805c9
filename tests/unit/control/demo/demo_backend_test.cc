#include "control/demo/demo_backend.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "tests/unit/control/demo/demo_client.h"

namespace sallyport {
namespace {

std::unique_ptr<DemoBackend> start_plain() {
  auto backend = DemoBackend::start("hello", std::nullopt);
  EXPECT_TRUE(backend.ok());
  return *std::move(backend);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(DemoBackend, AnswersEveryRequestOfAConnection) {
  const auto backend = start_plain();
  DemoClient client(backend->address());
  for (const char* path : {"/1", "/2", "/3"}) {
    EXPECT_TRUE(contains(client.get(path), std::string("GET ") + path)) << path;
  }
  client.send(
      "GET /4 HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(contains(client.response(), "GET /4"));
  EXPECT_TRUE(contains(client.response(), "GET /5"));
  EXPECT_TRUE(client.at_end());
}

TEST(DemoBackend, TakesARequestInPieces) {
  const auto backend = start_plain();
  DemoClient client(backend->address());
  for (const char c : std::string_view("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_TRUE(contains(client.response(), "GET /slow"));
}

TEST(DemoBackend, SlowClientsDelayNobody) {
  const auto backend = start_plain();
  std::vector<std::unique_ptr<DemoClient>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<DemoClient>(backend->address()));
    slow.back()->send("GET /never");
  }
  DemoClient client(backend->address());
  EXPECT_TRUE(contains(client.get("/now"), "GET /now"));
}

TEST(DemoBackend, RefusalsArriveWholeThoughTheRequestIsNotRead) {
  const struct {
    std::string request;
    const char* status;
  } cases[] = {
      {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /" + std::string(DemoRequests::kHeadMost + 8000, 'x'), "HTTP/1.1 431 "},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n" + std::string(9000, 'x'),
       "HTTP/1.1 400 "},
  };
  const auto backend = start_plain();
  for (const auto& c : cases) {
    DemoClient client(backend->address());
    client.send(c.request);
    EXPECT_TRUE(client.response().starts_with(c.status)) << c.status;
    EXPECT_TRUE(client.at_end()) << c.status;
  }
}

TEST(DemoBackend, ConnectionsPastTheLimitAreClosedUntilOthersEnd) {
  const auto backend = start_plain();
  std::vector<std::unique_ptr<DemoClient>> clients;
  for (size_t i = 0; i < DemoBackend::kConnectionsMost; ++i) {
    clients.push_back(std::make_unique<DemoClient>(backend->address()));
  }
  {
    DemoClient one_too_many(backend->address());
    EXPECT_TRUE(one_too_many.at_end());
  }
  EXPECT_TRUE(contains(clients.back()->get("/last"), "GET /last"));
  clients.pop_back();
  // The backend notices the end in its own time.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool answered = false;
  while (!answered && std::chrono::steady_clock::now() < deadline) {
    DemoClient client(backend->address());
    answered = contains(client.get("/again"), "GET /again");
  }
  EXPECT_TRUE(answered);
}

TEST(DemoBackend, EndCutsWhatIsOpen) {
  auto backend = start_plain();
  DemoClient idle(backend->address());
  EXPECT_TRUE(contains(idle.get("/"), "hello"));
  DemoClient slow(backend->address());
  slow.send("GET");
  backend.reset();
  EXPECT_TRUE(idle.at_end());
}

}  // namespace
}  // namespace sallyport
