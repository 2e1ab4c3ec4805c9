// HTTP/1.1 clients of the simulation: they keep connections, pipeline, upgrade, and misbehave.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/http_peer.h"

namespace sallyport::sim {

/// What a run allows its clients. Polite ones do everything right, in all the ways there are.
struct ClientPlan {
  bool polite = true;
  bool pipelines = true;
  size_t requests_most = 6;
  size_t streams_most = 100;        // the proxy's, at a time on a connection
  uint64_t body_most = 0;
  uint64_t body_limit = 0;          // the proxy's; 0: none
  bool small_heads_only = false;    // the proxy refuses large ones
  bool upgrades = true;
  bool safe_only = false;           // GET and the like, without bodies: what may be sent twice
  std::string host;
};

class HttpClient final : public HttpPeer {
 public:
  /// Draws its requests, and enters them in the ledger.
  HttpClient(Network& network, HttpLedger& ledger, const Habits& habits, const ClientPlan& plan,
             size_t number, MakeChannel make_channel);

  void call(const Address& from, const Address& to, Micros delay);

  const std::vector<HttpRequest*>& requests() const { return requests_; }
  /// How the proxy ended the connection.
  Account::End ended() const { return ended_; }
  bool aborts() const { return aborts_; }
  /// A response has said that no other will follow.
  bool told_last() const { return told_last_; }
  /// Called when it reads again after it had stopped: the ledger shows what waits for it.
  void set_on_rested(std::function<void()> call) { on_rested_ = std::move(call); }

 private:
  HttpBody on_head(const HttpText& head) override;
  void on_body(Bytes bytes) override;
  void on_message_end() override;
  void on_nonsense(const std::string& what) override;
  void on_end(Account::End end) override;
  void on_rested() override {
    if (on_rested_) on_rested_();
  }

  void draw(const ClientPlan& plan, size_t number);
  HttpRequest& draw_request(const ClientPlan& plan, size_t number, bool last);
  void draw_nonsense(HttpRequest& request);
  void say_request(HttpRequest& request);
  std::string head_of(const HttpRequest& request);
  void await_continue(HttpRequest& request);
  void say_ending(bool polite);

  HttpBody take_interim(const HttpText& head, int status);
  void take_status(const HttpText& head, HttpRequest& request, int status);
  void take_own(const HttpText& head, const HttpRequest& request);
  HttpBody framing_of(const HttpText& head, HttpRequest& request, int status);
  void complain(const std::string& what);
  HttpRequest* current() {
    return answered_ < requests_.size() && requests_[answered_]->begun ? requests_[answered_]
                                                                       : nullptr;
  }

  std::vector<HttpRequest*> requests_;
  size_t begun_ = 0;
  size_t answered_ = 0;
  size_t depth_ = 1;          // requests that wait for their responses at most
  uint64_t interims_ = 0;
  bool in_interim_ = false;
  bool told_last_ = false;
  bool in_tunnel_ = false;
  bool polite_;
  bool aborts_ = false;
  std::function<void()> on_rested_;
};

}  // namespace sallyport::sim
