// The first words of a connection: PROXY header and ClientHello, read before it is known whom
// they concern. Then the connection goes on in the session of its scenario.
#pragma once

#include "dataplane/session/session.h"
#include "dataplane/wire/client_hello.h"

namespace sallyport {

class Entry final : public Session {
 public:
  Entry(SessionContext& context, Arrival arrival, int descriptor);

 private:
  enum class Phase : uint8_t { ProxyHeader, Postgres, Hello, Linger };

  void advance() override;
  void on_deadline() override;
  void close_streams(Reason reason) override;

  enum class Look : uint8_t {
    Again,
    Settled
  };  // Settled: a session handed on, finished or waiting

  Look read_proxy_header();
  Look read_postgres();
  Look answer_postgres(char answer);
  void serve_in_the_clear();
  Look read_hello();
  void route(const ClientHello& hello);
  void go_on(const Site* site, const std::shared_ptr<const Service>& service);
  bool receive();
  void expect_hello();
  void refuse(Reason reason, uint8_t alert);
  void refuse(Reason reason, Bytes last_words);
  void linger();

  Phase phase_;
  size_t need_ = 1;  // bytes below which another look gets nowhere
  Reason refused_ = Reason::Closed;
  bool refused_gss_ = false;
};

}  // namespace sallyport
