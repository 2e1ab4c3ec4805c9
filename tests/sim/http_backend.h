// HTTP/1.1 backends of the simulation: they answer in all the ways there are, and misbehave.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/http_peer.h"

namespace sallyport::sim {

/// What a run allows its backends.
struct BackendPlan {
  bool polite = true;
  bool closes_without_a_word = false;  // between responses: at once, later, or on the next request
  bool talks_on = false;               // more bytes than announced, in one piece with the response
  bool behind_tls = false;             // on the proxy's client side: what X-Forwarded-Proto says
  uint64_t body_most = 0;
};

/// One connection that the proxy has made.
class HttpBackendPeer final : public HttpPeer {
 public:
  HttpBackendPeer(Network& network, HttpLedger& ledger, const Habits& habits,
                  const BackendPlan& plan, uint64_t number, MakeChannel make_channel);

  void accept(End& end);

  /// The proxy's side of the last request was not told to its end.
  Account::End ended() const { return ended_; }

 private:
  /// What is done with one request.
  enum class Conduct : uint8_t {
    Answer,
    Early,           // responds before the request's body is there, but not to the end
    EarlyThenReads,  // responds whole before it, and would go on
    EarlyThenEnds,   // and does not
    CutBefore,
    EndBefore,       // FIN instead of a response
    CutAmid,
    EndAmid,         // FIN within the response
    Nonsense,
    Silence,
    Switch,          // 101 to whoever did not ask
  };
  static bool is_early(Conduct c) {
    return c == Conduct::Early || c == Conduct::EarlyThenReads || c == Conduct::EarlyThenEnds;
  }
  enum class Ending : uint8_t { Stays, Announced, AtOnce, Later, OnNextBytes, OnNextRequest };

  HttpBody on_head(const HttpText& head) override;
  void on_body(Bytes bytes) override;
  bool on_bytes() override;
  void on_message_end() override;
  void on_nonsense(const std::string& what) override;
  void on_end(Account::End end) override;
  void on_cut() override {
    if (attempt_) attempt_->finished = false;
  }

  void check_request(const HttpText& head, const HttpRequest& request);
  Conduct draw_conduct(const HttpRequest& request);
  void draw_response(HttpAttempt& attempt, const HttpRequest& request);
  void say_response(HttpAttempt& attempt, const HttpRequest& request, Conduct conduct);
  /// `asks`: for the request's body.
  void say_interims(HttpAttempt& attempt, bool asks);
  void say_switch(HttpAttempt& attempt);
  void say_amid(HttpAttempt& attempt, const std::string& head, bool cuts);
  void say_nonsense();
  void say_too_much(HttpAttempt& attempt, const std::string& head, bool bodiless);
  std::string head_of(const HttpAttempt& attempt, const HttpRequest& request);
  void say_ending(HttpAttempt& attempt);
  void say_finish(HttpAttempt& attempt);
  void complain(const std::string& what);

  BackendPlan plan_;
  uint64_t number_;
  HttpAttempt* attempt_ = nullptr;  // of the request that is coming or being answered
  Ending ending_ = Ending::Stays;
  uint64_t serves_ = 0;             // requests, until it ends
  uint64_t served_ = 0;
  bool announced_ = false;          // the last response has said that it was
  bool closing_ = false;            // nothing more is answered
  bool cuts_on_bytes_ = false;
  bool in_tunnel_ = false;
};

/// One endpoint.
class HttpBackend {
 public:
  HttpBackend(Network& network, HttpLedger& ledger, const Address& at, const BackendPlan& plan,
              HttpPeer::MakeChannel make_channel, uint64_t& connections);

  const std::vector<std::unique_ptr<HttpBackendPeer>>& peers() const { return peers_; }

 private:
  std::vector<std::unique_ptr<HttpBackendPeer>> peers_;
};

}  // namespace sallyport::sim
