// One request and its response on a client's HTTP/2 connection.
#pragma once

#include <memory>

#include "dataplane/base/list.h"
#include "dataplane/session/exchange.h"
#include "dataplane/session/h2_sides.h"

namespace sallyport {

class H2Session;
struct OpenStreams;
struct ReadyStreams;
struct DiscardingStreams;

/// As a task it takes its exchange's turns; the session's own turn then sends all that came of it.
/// Used again for one stream after the other.
class H2Stream final : public Task,
                       public ListLink<OpenStreams>,
                       public ListLink<ReadyStreams>,
                       public ListLink<DiscardingStreams>,
                       public H2Sides {
 public:
  H2Stream(H2Session& session, Stream& connection, const Arrival& arrival);
  ~H2Stream() override;

  /// REQUIRES: it is of no use to anybody (any more).
  void open(int32_t id, Instant now);
  /// The response is whole, the request is not, and nobody wants the rest: it is taken and
  /// forgotten, since many clients lose a response when they are reset amid their request. Beyond
  /// a bound, or at the session's word, they are (RFC 9113 section 8.1). `rounds`: how often
  /// still_sends() may find that it does.
  void discard_rest(Instant until, uint8_t rounds);
  /// Whether something has come since the last time.
  bool still_sends();
  void stop_discarding();

 private:
  friend class H2Session;

  void turn() override;
  void ready() override;
  bool translate(MutableBytes head) override;
  bool submit_fields(std::span<const H2Field> fields, bool more) override;
  void on_data(Bytes data) override;
  void on_end() override;
  void take(MutableBytes into) override;

  H2Session& session_;
  GenerationRef snapshot_;
  ExchangeClient lent_;
  std::unique_ptr<Exchange> exchange_;
  bool begun_ = false;  // it has, or had, its exchange: it gets no other
  Instant started_{};
  bool discarding_ = false;
  bool discarded_some_ = false;
  uint8_t discard_rounds_ = 0;
  size_t discardable_ = 0;  // bytes
  Instant discard_until_{};
};

}  // namespace sallyport
