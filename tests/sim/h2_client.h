// HTTP/2 clients of the simulation: many streams at a time, some of which they take back or let be.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/sim/h2_peer.h"
#include "tests/sim/http_client.h"

namespace sallyport::sim {

class H2Client final : public H2Peer {
 public:
  /// Draws its requests, and enters them in the ledger.
  H2Client(Network& network, HttpLedger& ledger, const H2Habits& habits, const ClientPlan& plan,
           size_t number, MakeChannel make_channel);

  void call(const Address& from, const Address& to, Micros delay);

  const std::vector<HttpRequest*>& requests() const { return requests_; }
  /// The proxy has said that it takes no further streams.
  bool told_last() const { return told_last_; }
  /// Called when a request's response is read again that was not: the ledger shows what waits.
  void set_on_released(std::function<void(const HttpRequest&)> call) {
    released_ = std::move(call);
  }

 private:
  enum class TakesBack : uint8_t { Never, Soon, AmidBody, AtHead, AmidResponse };
  enum class Leaving : uint8_t { SaysGoodbye, Ends, EndsEarly, Stays, Cuts };
  struct Stream {
    HttpRequest* request = nullptr;
    TakesBack takes_back = TakesBack::Never;
    uint64_t takes_back_at = 0;
    bool response_ended = false;
  };

  void on_block(int32_t id, const Block& block, bool end) override;
  void on_body(int32_t id, Bytes bytes) override;
  void on_stream_end(int32_t id) override;
  void on_stream_close(int32_t id, uint32_t error) override;
  void on_said_end(int32_t id) override;
  void on_said_reset(int32_t id, uint32_t code) override;
  void on_settings() override { ask_more(); }
  void on_goaway(const nghttp2_goaway& goaway) override;
  void on_released(int32_t id) override;
  void on_end() override;
  void complain(const std::string& what) override;

  HttpRequest& draw_request(const ClientPlan& plan, size_t number);
  void ask_more();
  void ask(HttpRequest& request);
  Fields head_of(const HttpRequest& request);
  void draw_taking_back(Stream& stream);
  void take_back(int32_t id);
  void take_status(int32_t id, const Block& block);
  void take_own(const Block& block, const HttpRequest& request);
  void look_at_end();

  std::vector<HttpRequest*> requests_;
  std::map<int32_t, Stream> streams_;
  size_t asked_ = 0;
  size_t closed_ = 0;
  size_t most_open_ = 1;
  bool slow_ = false;
  bool asks_later_ = false;
  bool polite_;
  bool told_last_ = false;
  Leaving leaving_ = Leaving::SaysGoodbye;
  std::function<void(const HttpRequest&)> released_;
};

}  // namespace sallyport::sim
