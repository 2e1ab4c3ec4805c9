#include "dataplane/base/log.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

#include "dataplane/base/thread.h"
#include "dataplane/base/write_all.h"

namespace sallyport {

namespace {

constexpr size_t kQueueMost = 256 * 1024;

WallTime wall_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

class StandardError final : public LogSink {
 public:
  // There is nobody to tell when stderr itself fails.
  void write(std::string_view lines) override { write_all(STDERR_FILENO, lines); }
};

class Log {
 public:
  static Log& instance() {
    // Never destroyed: destructors of other statics may still log.
    static Log& log = *new Log;
    return log;
  }

  bool wants(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

  void add(LogLevel level, std::string_view message, std::initializer_list<LogField> fields,
           LogSite site) {
    LogThrottle::Verdict verdict = admit(level, message, site);
    if (!verdict.admitted) return;
    LogLine line(wall_now(), level, message, fields);
    if (verdict.suppressed) line.add({"suppressed", verdict.suppressed});
    queue(line.finish());
  }

  bool flush(Millis most) {
    std::unique_lock lock(mutex_);
    return idle_.wait_for(lock, most, [this] { return idle(); });
  }

  void set_sink(LogSink* sink) {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return idle(); });
    sink_ = sink ? sink : &stderr_;
  }

 private:
  Log() {
    pending_.reserve(kQueueMost / 4);
    start_thread("log", [this] { run(); }).detach();
    std::atexit([] { flush_log(); });
  }

  bool idle() const { return pending_.empty() && dropped_ == 0 && !writing_; }

  LogThrottle::Verdict admit(LogLevel level, std::string_view message, LogSite site) {
    std::lock_guard lock(mutex_);
    bool before = throttle_.suppressing();
    auto verdict = throttle_.admit(site, level, message, LogThrottle::Clock::now());
    // The thread must begin to look at the clock.
    if (throttle_.suppressing() && !before) wake_.notify_one();
    return verdict;
  }

  void queue(std::string_view line) {
    std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > kQueueMost) {
      ++dropped_;
      return;
    }
    pending_ += line;
    wake_.notify_one();
  }

  void run() {
    std::string batch;
    std::unique_lock lock(mutex_);
    for (;;) {
      wait(lock);
      report_suppressed();
      if (pending_.empty()) continue;
      batch.clear();
      batch.swap(pending_);
      uint64_t dropped = std::exchange(dropped_, 0);
      LogSink& sink = *sink_;
      writing_ = true;
      lock.unlock();
      if (dropped) {
        LogLine line(wall_now(), LogLevel::Warning, "log lines dropped", {{"lines", dropped}});
        batch += line.finish();
      }
      sink.write(batch);
      lock.lock();
      writing_ = false;
      idle_.notify_all();
    }
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    auto work = [this] { return !pending_.empty(); };
    if (throttle_.suppressing()) {
      wake_.wait_for(lock, Millis(500), work);
    } else {
      wake_.wait(lock, [&] { return work() || throttle_.suppressing(); });
    }
  }

  void report_suppressed() {
    auto report = [this](LogLevel level, std::string_view message, uint64_t count) {
      pending_ += LogLine(wall_now(), level, message, {{"suppressed", count}}).finish();
    };
    throttle_.report_overdue(LogThrottle::Clock::now(), report);
  }

  std::atomic<LogLevel> level_{LogLevel::Info};
  StandardError stderr_;

  std::mutex mutex_;  // of all below
  std::condition_variable wake_, idle_;
  LogSink* sink_ = &stderr_;
  LogThrottle throttle_;
  std::string pending_;
  uint64_t dropped_ = 0;
  bool writing_ = false;
};

void log_at(LogLevel level, std::string_view message, std::initializer_list<LogField> fields,
            LogSite site) {
  Log& log = Log::instance();
  if (log.wants(level)) log.add(level, message, fields, site);
}

}  // namespace

void log_debug(std::string_view message, std::initializer_list<LogField> fields, LogSite site) {
  log_at(LogLevel::Debug, message, fields, site);
}
void log_info(std::string_view message, std::initializer_list<LogField> fields, LogSite site) {
  log_at(LogLevel::Info, message, fields, site);
}
void log_warning(std::string_view message, std::initializer_list<LogField> fields, LogSite site) {
  log_at(LogLevel::Warning, message, fields, site);
}
void log_error(std::string_view message, std::initializer_list<LogField> fields, LogSite site) {
  log_at(LogLevel::Error, message, fields, site);
}

void set_log_level(LogLevel level) { Log::instance().set_level(level); }
bool flush_log(Millis most) { return Log::instance().flush(most); }
void set_log_sink(LogSink* sink) { Log::instance().set_sink(sink); }

}  // namespace sallyport
