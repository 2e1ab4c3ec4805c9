// One thread of the load generator: its connections, its share of the schedule, its counts.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <barrier>
#include <deque>
#include <memory>
#include <vector>

#include "bench/load/connection.h"
#include "bench/load/results.h"

namespace sallyport::bench {

/// Where all threads meet when their connections stand; the last to come fixes the beginning.
class StartingLine {
 public:
  explicit StartingLine(uint32_t threads) : barrier_(threads, Fix{this}) {}
  /// Waits for the others; the same instant for all.
  Clock::time_point arrive() {
    barrier_.arrive_and_wait();
    return start_;
  }

 private:
  struct Fix {
    StartingLine* line;
    void operator()() noexcept { line->start_ = Clock::now(); }
  };
  Clock::time_point start_;
  std::barrier<Fix> barrier_;
};

/// Life: open all connections (unless each exchange opens its own), meet the others, warm up,
/// measure, let what is under way finish, say goodbye.
///
/// Closed loop: what completes within the window counts. Open loop: exchange i is meant to begin at
/// start + i / rate, whether or not a connection is free then; what was meant to begin within the
/// window counts, with its latency from that moment, even if it completes after the window.
class Worker final : private ConnectionOwner {
 public:
  /// REQUIRES: index < options.threads; options and line outlive the worker.
  Worker(const Options& options, uint32_t index, StartingLine& line);
  ~Worker();

  /// Blocks until the run is over; call once. It ends early once `stop` is true. Throws
  /// std::runtime_error if a watched process has ended.
  Results run(const std::atomic<bool>& stop);

 private:
  enum class Phase : uint8_t { Opening, WarmUp, Measuring, Draining, Closing };

  void make_endpoints();
  void make_connections();
  void open_all();
  void close_all();
  void follow_schedule(Clock::time_point now);
  void begin_measuring(Clock::time_point now);
  void end_measuring(Clock::time_point now);
  void launch();
  bool may_start(Clock::time_point now) const;
  bool backlog() const;
  bool finished(Clock::time_point now) const;
  void count_backlog();
  Clock::time_point intended_start(uint64_t number) const;
  void poll(Clock::time_point now);
  Clock::time_point next_wake(Clock::time_point now) const;
  bool counts(const Connection& connection) const;

  void opened(Connection& connection) override;
  void exchanged(Connection& connection) override;
  void closed(Connection& connection, bool clean) override;
  void failed(Connection& connection, ConnectionState was, const Failure& failure) override;

  const Options& options_;
  const uint32_t index_;
  StartingLine& line_;
  Fd epoll_;
  std::vector<uint8_t> scratch_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Connection>> connections_;

  Phase phase_ = Phase::Opening;
  Clock::time_point start_, window_begin_, window_end_;
  Clock::time_point next_deadline_check_;
  uint64_t budget_ = 0;    // of measured exchanges; 0: no limit
  uint64_t begun_ = 0;     // all exchanges, for the open loop's schedule
  uint64_t measured_ = 0;  // begun that belong to the window
  uint32_t opening_ = 0, active_ = 0, closing_ = 0;

  std::deque<Connection*> unopened_;  // in the Opening phase
  std::deque<Connection*> ready_;     // Idle or Closed, waiting for an exchange
  // After a failure a slot rests, so that a dead server does not make us spin.
  std::deque<std::pair<Clock::time_point, Connection*>> resting_;

  double cpu_at_begin_ = 0;
  Results results_;
};

}  // namespace sallyport::bench
