// A DNS server for tests: answers what it is told to, or misbehaves as told.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/base/address.h"

namespace sallyport {

/// Listens on 127.0.0.1 on a free port, UDP and TCP, in a thread of its own. Rules may be set
/// from any thread at any time. Names without a rule do not exist (NXDOMAIN).
class NameServer {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Way {
    Answer,
    Silent,
    Malformed,  // the right header and question, then a record that ends too early
    Garbage,    // not even a header
    WrongName,  // an answer to another question
    OnlyTcp,    // truncated on UDP
  };
  static constexpr int kNoError = 0, kServFail = 2, kNxDomain = 3, kRefused = 5;
  struct Rule {
    std::vector<std::string> addresses;  // of the type asked for; none: NODATA
    uint32_t ttl = 60;
    int rcode = kNoError;
    Way way = Way::Answer;
    std::string alias = {};  // a CNAME to this name comes first
    uint32_t alias_ttl = 60;
  };

  NameServer() {
    for (int attempt = 0; attempt < 20 && !open_sockets(); ++attempt) close_sockets();
    EXPECT_GE(tcp_, 0) << "no port that is free for both UDP and TCP";
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() { stop(); }

  /// The port is closed afterwards.
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    close_sockets();
  }

  Address address() const { return Address::v4(0x7f000001, port_); }

  void a(const std::string& name, Rule rule) { set(name, kA, std::move(rule)); }
  void aaaa(const std::string& name, Rule rule) { set(name, kAaaa, std::move(rule)); }
  void both(const std::string& name, Rule rule) {
    a(name, rule);
    aaaa(name, std::move(rule));
  }
  /// Nothing is answered while held; what came in then is answered afterwards.
  void hold(bool held) { held_ = held; }

  size_t asked_a(const std::string& name) { return times_of(name, kA).size(); }
  size_t asked_aaaa(const std::string& name) { return times_of(name, kAaaa).size(); }
  std::vector<Clock::time_point> times_of_a(const std::string& name) { return times_of(name, kA); }
  /// Different questions, over all names.
  size_t different_questions() {
    std::lock_guard lock(mutex_);
    return asked_.size();
  }

 private:
  static constexpr uint16_t kA = 1, kCname = 5, kAaaa = 28;
  using Key = std::pair<std::string, uint16_t>;
  struct Held {
    std::string query;
    sockaddr_in from;
  };

  bool open_sockets() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* raw = reinterpret_cast<sockaddr*>(&at);
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (::bind(udp_, raw, size) != 0 || ::getsockname(udp_, raw, &size) != 0) return false;
    port_ = ntohs(at.sin_port);
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return ::bind(tcp_, raw, size) == 0 && ::listen(tcp_, 16) == 0;
  }

  void close_sockets() {
    for (int* fd : {&udp_, &tcp_}) {
      if (*fd >= 0) ::close(*fd);
      *fd = -1;
    }
  }

  void set(const std::string& name, uint16_t type, Rule rule) {
    std::lock_guard lock(mutex_);
    rules_[{name, type}] = std::move(rule);
  }

  std::vector<Clock::time_point> times_of(const std::string& name, uint16_t type) {
    std::lock_guard lock(mutex_);
    return asked_[{name, type}];
  }

  void serve() {
    std::vector<Held> held;
    while (!stopping_) {
      pollfd fds[2] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      ::poll(fds, 2, 5);
      char buffer[4096];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      ssize_t n;
      while ((n = ::recvfrom(udp_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from),
                             &size)) > 0) {
        held.push_back({std::string(buffer, static_cast<size_t>(n)), from});
        note(held.back().query);
      }
      if (!held_) {
        for (const Held& h : held) {
          std::string reply = answer(h.query, false);
          if (reply.empty()) continue;
          ::sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&h.from),
                   sizeof h.from);
        }
        held.clear();
      }
      if (fds[1].revents) serve_tcp();
    }
  }

  /// One question per connection, which is all that c-ares needs here.
  void serve_tcp() {
    int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    timeval patience{2, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    uint8_t size[2];
    char buffer[4096];
    if (::recv(fd, size, 2, MSG_WAITALL) == 2) {
      size_t want = static_cast<size_t>(size[0] << 8 | size[1]);
      if (want <= sizeof buffer &&
          ::recv(fd, buffer, want, MSG_WAITALL) == static_cast<ssize_t>(want)) {
        std::string reply = answer(std::string(buffer, want), true);
        std::string framed;
        put16(framed, reply.size());
        framed += reply;
        EXPECT_EQ(::send(fd, framed.data(), framed.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(framed.size()));
      }
    }
    ::close(fd);
  }

  struct Question {
    Key key;
    size_t end = 0;  // in the query; 0: not a question
  };
  static Question read(const std::string& query) {
    Question q;
    size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      size_t label = static_cast<uint8_t>(query[at]);
      if (at + 1 + label > query.size()) return {};
      q.key.first += (q.key.first.empty() ? "" : ".") + query.substr(at + 1, label);
      at += 1 + label;
    }
    if (at + 5 > query.size()) return {};
    q.key.second = static_cast<uint16_t>(static_cast<uint8_t>(query[at + 1]) << 8 |
                                         static_cast<uint8_t>(query[at + 2]));
    q.end = at + 5;
    // Newer versions of c-ares mix the case of what they ask (0x20).
    std::transform(q.key.first.begin(), q.key.first.end(), q.key.first.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return q;
  }

  void note(const std::string& query) {
    Question q = read(query);
    std::lock_guard lock(mutex_);
    if (q.end) asked_[q.key].push_back(Clock::now());
  }

  std::string answer(const std::string& query, bool tcp) {
    Question q = read(query);
    if (!q.end) return "";
    Rule rule{.addresses = {}, .rcode = kNxDomain};
    {
      std::lock_guard lock(mutex_);
      if (auto at = rules_.find(q.key); at != rules_.end()) rule = at->second;
    }
    switch (rule.way) {
      case Way::Silent: return "";
      case Way::Garbage: return query.substr(0, 7);
      default: return write(query, q, rule, rule.way == Way::OnlyTcp && !tcp);
    }
  }

  static std::string write(const std::string& query, const Question& q, const Rule& rule,
                           bool truncated) {
    std::string records;
    size_t count = 0;
    std::string owner("\xc0\x0c", 2);  // a pointer to the question's name
    if (!rule.alias.empty()) {
      std::string target = labels(rule.alias);
      record(records, owner, kCname, rule.alias_ttl, target);
      owner = target;
      ++count;
    }
    for (const std::string& text : rule.addresses) {
      auto ip = Address::parse_ip(text);
      EXPECT_TRUE(ip.has_value()) << text;
      if (ip->is_v4() != (q.key.second == kA)) continue;
      record(records, owner, q.key.second, rule.ttl,
             std::string(reinterpret_cast<const char*>(ip->ip_bytes()), ip->ip_size()));
      ++count;
    }
    if (rule.way == Way::Malformed) {
      record(records, owner, q.key.second, rule.ttl, "\x7f");
      records.resize(records.size() - 1);
      ++count;
    }
    if (truncated) {
      records.clear();
      count = 0;
    }
    std::string reply = query.substr(0, 2);
    put16(reply, 0x8180u | (truncated ? 0x0200u : 0u) | static_cast<unsigned>(rule.rcode));
    put16(reply, 1);
    put16(reply, count);
    put16(reply, 0);
    put16(reply, 0);
    reply += query.substr(12, q.end - 12);
    if (rule.way == Way::WrongName) reply[13] = static_cast<char>(reply[13] ^ 1);
    return reply + records;
  }

  static void put16(std::string& to, size_t value) {
    to += static_cast<char>(value >> 8 & 0xff);
    to += static_cast<char>(value & 0xff);
  }

  static std::string labels(const std::string& name) {
    std::string out;
    for (size_t at = 0; at < name.size();) {
      size_t dot = std::min(name.find('.', at), name.size());
      out += static_cast<char>(dot - at);
      out += name.substr(at, dot - at);
      at = dot + 1;
    }
    return out + '\0';
  }

  static void record(std::string& to, const std::string& owner, uint16_t type, uint32_t ttl,
                     const std::string& data) {
    to += owner;
    put16(to, type);
    put16(to, 1);
    put16(to, ttl >> 16);
    put16(to, ttl & 0xffff);
    put16(to, data.size());
    to += data;
  }

  int udp_ = -1, tcp_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> held_ = false;
  std::mutex mutex_;
  std::map<Key, Rule> rules_;
  std::map<Key, std::vector<Clock::time_point>> asked_;
  std::thread thread_;
};

}  // namespace sallyport
