// The access log: one line per connection or request, written by a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/io/deadline.h"
#include "dataplane/io/loop.h"
#include "dataplane/io/task.h"
#include "dataplane/model/config.h"
#include "dataplane/observe/log_file.h"
#include "dataplane/observe/metrics.h"
#include "dataplane/observe/record_sink.h"

namespace sallyport {

/// One per process: owns the file and the thread that writes it.
/// Thread: open, reopen and the destructor belong to the control plane.
class AccessLog {
 public:
  static Result<std::unique_ptr<AccessLog>> open(const AccessLogConfig& config);
  /// Writes what was handed over, for at most two seconds if the file takes none of it.
  /// REQUIRES: every AccessLogWriter is gone.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// After a rotation has moved the file away. What is being written goes to the old file, all
  /// that follows to the new one. On an error, which is logged too, the log goes on as it was.
  Result<void> reopen() { return reopen(config_); }
  /// The same, when the configuration names another file or format. Lines that workers hold keep
  /// the format they were written in.
  Result<void> reopen(const AccessLogConfig& config);
  const AccessLogConfig& config() const { return config_; }

 private:
  friend class AccessLogWriter;

  /// What a worker has handed over and the thread has not yet taken.
  struct Queue {
    std::string lines;
    uint64_t count = 0;
    std::atomic<uint64_t> lost = 0;  // could not be written; the worker counts them
  };

  AccessLog(AccessLogConfig config, LogFile file);
  Queue& add_queue();
  /// False if the queue is full. `lines` is empty afterwards if it was taken.
  bool take(Queue& queue, std::string& lines, uint64_t count);
  void run();
  void write(Queue& queue, std::unique_lock<std::mutex>& lock);

  AccessLogConfig config_;  // the control plane's
  std::atomic<bool> enabled_;
  std::atomic<AccessLogFormat> format_;
  std::atomic<bool> stopping_ = false;
  LogFile file_;       // the thread's
  std::string batch_;  // the thread's

  std::mutex mutex_;  // of all below
  std::condition_variable wake_;
  std::optional<LogFile> next_file_;
  std::vector<std::unique_ptr<Queue>> queues_;
  size_t filled_ = 0;  // queues with lines in them

  std::thread thread_;  // last: runs on all of the above
};

/// One per worker: formats records into a buffer and hands it over, one lock for many records:
/// when it holds 32 KiB, or 50 ms after its first line. When the file takes nothing and 4 MiB
/// wait already, lines are dropped and counted in WorkerMetrics::log_lines_dropped.
/// Thread: the loop's.
class AccessLogWriter final : public RecordSink, private Task {
 public:
  static constexpr size_t kHandOverBytes = 32 * 1024;
  static constexpr Millis kHandOverAfter{50};
  static constexpr size_t kQueueMost = 4 * 1024 * 1024;

  /// REQUIRES: all three outlive this.
  AccessLogWriter(AccessLog& log, Loop& loop, WorkerMetrics& metrics);
  /// Hands over what it has.
  ~AccessLogWriter() override;

  void record(const ConnectionRecord& record) override { write(record); }
  void record(const RequestRecord& record) override { write(record); }

 private:
  template <class Record>
  void write(const Record& record);
  void turn() override;
  void hand_over();

  AccessLog& log_;
  AccessLog::Queue& queue_;
  Loop& loop_;
  WorkerMetrics& metrics_;
  Deadline deadline_;
  std::string lines_;
  uint64_t count_ = 0;
};

}  // namespace sallyport
