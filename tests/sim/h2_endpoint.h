// HTTP/2 backends of the simulation: they answer in all the ways there are, and misbehave.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/h2_peer.h"
#include "tests/sim/http_backend.h"

namespace sallyport::sim {

/// One connection that the proxy has made.
class H2EndpointPeer final : public H2Peer {
 public:
  H2EndpointPeer(Network& network, HttpLedger& ledger, const H2Habits& habits,
                 const BackendPlan& plan, uint64_t number, MakeChannel make_channel);

  void accept(End& end);

 private:
  /// What is done with one request.
  enum class Conduct : uint8_t {
    Answer,
    Early,           // responds before the request's body is there, but not to the end
    EarlyThenReads,  // responds whole before it, and goes on reading
    EarlyThenResets, // and does not (RFC 9113 section 8.1)
    Refuse,          // REFUSED_STREAM
    ResetBefore,
    ResetAmid,
    RefuseAmid,      // which is a lie
    Silence,
    CutAmid,         // the connection
    EndAmid,
  };
  static bool is_early(Conduct c) {
    return c == Conduct::Early || c == Conduct::EarlyThenReads || c == Conduct::EarlyThenResets;
  }
  static bool is_amid(Conduct c) {
    return c == Conduct::ResetAmid || c == Conduct::RefuseAmid || c == Conduct::CutAmid ||
           c == Conduct::EndAmid;
  }
  /// How it ends the connection, some time after it has served enough.
  enum class Ending : uint8_t { Stays, SaysGoodbye, SaysGoodbyeLate, EndsIdle, CutsIdle };

  void on_block(int32_t id, const Block& block, bool end) override;
  void on_body(int32_t id, Bytes bytes) override;
  void on_stream_end(int32_t id) override;
  void on_stream_close(int32_t id, uint32_t error) override;
  void on_refused() override { ++ledger_.refusals; }
  void on_said_end(int32_t id) override;
  void on_end() override { leave(); }
  void complain(const std::string& what) override;

  struct Stream {
    HttpAttempt* attempt = nullptr;
    Conduct conduct = Conduct::Answer;
    bool answered = false;
  };

  void check_request(const Block& block, const HttpRequest& request);
  Conduct draw_conduct(const HttpRequest& request);
  void draw_response(HttpAttempt& attempt);
  void answer(int32_t id);
  void interims(int32_t id, HttpAttempt& attempt);
  void respond(int32_t id);
  void stop_amid(int32_t id);
  void look_at_end();
  void end_idle();
  void say_goodbye(int32_t last);

  BackendPlan plan_;
  uint64_t number_;
  std::map<int32_t, Stream> streams_;
  uint64_t served_ = 0;
  uint64_t serves_;
  Ending ending_ = Ending::Stays;
  bool ending_now_ = false;
  bool ended_idle_ = false;
  int32_t last_id_ = 0;
  int32_t goodbye_ = INT32_MAX;  // streams beyond it are not served
};

/// One endpoint.
class H2Endpoint {
 public:
  H2Endpoint(Network& network, HttpLedger& ledger, const Address& at, const BackendPlan& plan,
             H2Peer::MakeChannel make_channel, uint64_t& connections);

 private:
  std::vector<std::unique_ptr<H2EndpointPeer>> peers_;
};

}  // namespace sallyport::sim
