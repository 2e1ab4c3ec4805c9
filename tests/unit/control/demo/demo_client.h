// A client of the demo's backends: blocking, with a deadline for each read, plain or over TLS.
#pragma once

#include <errno.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "dataplane/base/address.h"
#include "dataplane/tls/certificate.h"

namespace sallyport {

class DemoClient {
 public:
  explicit DemoClient(const Address& to) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a socket without MSG_NOSIGNAL
    const timeval deadline{20, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    EXPECT_EQ(::connect(descriptor_, to.raw(), to.raw_size()), 0) << to.text();
  }
  ~DemoClient() { ::close(descriptor_); }
  DemoClient(const DemoClient&) = delete;

  /// Whether the handshake succeeded and the server's certificate is `host`'s, by the authority
  /// `ca`. `crt` and `key`: what the client shows, or empty.
  bool start_tls(const std::string& host, std::string_view ca, std::string_view crt = {},
                 std::string_view key = {}) {
    SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    Result<X509StorePtr> authorities = parse_authorities(ca, {});
    EXPECT_TRUE(authorities.ok());
    SSL_CTX_set1_cert_store(context.get(), authorities->get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    ssl_.reset(SSL_new(context.get()));
    if (!crt.empty()) {
      auto certificate = Certificate::parse(crt, key);
      EXPECT_TRUE(certificate.ok() && (*certificate)->use_in(ssl_.get()));
    }
    // What SSL_set_tlsext_host_name() stands for, without its C cast.
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
    SSL_set1_host(ssl_.get(), host.c_str());
    SSL_set_fd(ssl_.get(), descriptor_);
    return uninterrupted([&] { return SSL_connect(ssl_.get()); }) == 1;
  }

  /// False: the server had already gone.
  bool send(std::string_view text) {
    const ssize_t sent = ssl_ ? SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()))
                              : ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(text.size());
  }

  /// The next whole response; empty when the connection ended or the deadline passed before.
  std::string response() {
    size_t end = std::string::npos;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return {};
    }
    const size_t length = received_.find("Content-Length: ");
    EXPECT_LT(length, end) << received_;
    const size_t size = end + 4 + std::stoul(received_.substr(length + 16));
    while (received_.size() < size) {
      if (!read_more()) return {};
    }
    std::string rest = received_.substr(size);
    received_.resize(size);
    return std::exchange(received_, std::move(rest));
  }

  /// Whether the server ended the connection, with nothing left to read.
  bool at_end() {
    char byte = 0;
    return received_.empty() &&
           uninterrupted([&] { return ::recv(descriptor_, &byte, 1, 0); }) == 0;
  }

  /// As response(); empty, too, when the request could not be sent.
  std::string get(const std::string& path) {
    return send("GET " + path + " HTTP/1.1\r\nHost: demo\r\n\r\n") ? response() : "";
  }

 private:
  // What the kernel clears away behind an earlier loop that used io_uring (libuv 1.50) interrupts
  // calls that have a timeout, without any signal.
  template <class Call>
  static ssize_t uninterrupted(Call call) {
    for (;;) {
      errno = 0;
      ssize_t result = call();
      if (result > 0 || errno != EINTR) return result;
    }
  }

  bool read_more() {
    char buffer[4096];
    const ssize_t n = uninterrupted([&] {
      return ssl_ ? ssize_t{SSL_read(ssl_.get(), buffer, sizeof buffer)}
                  : ::recv(descriptor_, buffer, sizeof buffer, 0);
    });
    if (n <= 0) return false;
    received_.append(buffer, static_cast<size_t>(n));
    return true;
  }

  int descriptor_;
  SslPtr ssl_;
  std::string received_;
};

}  // namespace sallyport
