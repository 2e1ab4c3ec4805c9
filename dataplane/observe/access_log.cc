#include "dataplane/observe/access_log.h"

#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/base/log.h"
#include "dataplane/base/thread.h"
#include "dataplane/observe/access_line.h"
#include "dataplane/observe/nginx_line.h"

namespace sallyport {

namespace {

// Room for the line that makes a buffer full.
constexpr size_t kBufferBytes = AccessLogWriter::kHandOverBytes + 8 * 1024;
// A buffer that grew while the file was stuck is not kept.
constexpr size_t kKeptBytes = 256 * 1024;

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(const AccessLogConfig& config) {
  Result<LogFile> file = LogFile::open(config.path);
  if (!file) return file.error();
  return std::unique_ptr<AccessLog>(new AccessLog(config, std::move(*file)));
}

AccessLog::AccessLog(AccessLogConfig config, LogFile file)
    : config_(std::move(config)),
      enabled_(file.enabled()),
      format_(config_.format),
      file_(std::move(file)) {
  thread_ = start_thread("access-log", [this] { run(); });
}

AccessLog::~AccessLog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

Result<void> AccessLog::reopen(const AccessLogConfig& config) {
  Result<LogFile> file = LogFile::open(config.path);
  if (!file) {
    log_error("the access log stays as it was", {{"error", file.error().message}});
    return file.error();
  }
  config_ = config;
  std::lock_guard lock(mutex_);
  enabled_ = file->enabled();
  format_ = config.format;
  next_file_ = std::move(*file);
  wake_.notify_one();
  return {};
}

AccessLog::Queue& AccessLog::add_queue() {
  std::lock_guard lock(mutex_);
  return *queues_.emplace_back(std::make_unique<Queue>());
}

bool AccessLog::take(Queue& queue, std::string& lines, uint64_t count) {
  std::lock_guard lock(mutex_);
  if (queue.lines.size() + lines.size() > AccessLogWriter::kQueueMost) return false;
  if (queue.lines.empty()) {
    queue.lines.swap(lines);
    ++filled_;
    wake_.notify_one();
  } else {
    queue.lines += lines;
    lines.clear();
  }
  queue.count += count;
  return true;
}

void AccessLog::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return filled_ > 0 || next_file_ || stopping_; });
    if (next_file_) {
      file_ = std::move(*next_file_);
      next_file_.reset();  // closes the old one
    }
    // By index: workers may be added while the lock is given up.
    for (size_t i = 0; i < queues_.size(); ++i) write(*queues_[i], lock);
    if (stopping_ && filled_ == 0) return;
  }
}

void AccessLog::write(Queue& queue, std::unique_lock<std::mutex>& lock) {
  if (queue.lines.empty()) return;
  batch_.swap(queue.lines);
  uint64_t count = std::exchange(queue.count, 0);
  --filled_;
  lock.unlock();
  if (Result<void> written = file_.write(batch_, stopping_); !written) {
    queue.lost.fetch_add(count, std::memory_order_relaxed);
    log_error("the access log cannot be written",
              {{"path", file_.path()}, {"error", written.error().message}, {"lines", count}});
  }
  batch_.clear();
  if (batch_.capacity() > kKeptBytes) batch_ = std::string();
  lock.lock();
}

AccessLogWriter::AccessLogWriter(AccessLog& log, Loop& loop, WorkerMetrics& metrics)
    : log_(log),
      queue_(log.add_queue()),
      loop_(loop),
      metrics_(metrics),
      deadline_(loop.deadlines(), *this) {
  lines_.reserve(kBufferBytes);
}

AccessLogWriter::~AccessLogWriter() { hand_over(); }

template <class Record>
void AccessLogWriter::write(const Record& record) {
  if (!log_.enabled_.load(std::memory_order_relaxed)) return;
  switch (log_.format_.load(std::memory_order_relaxed)) {
    case AccessLogFormat::Json: append_access_line(lines_, record); break;
    case AccessLogFormat::Nginx: append_nginx_line(lines_, record); break;
  }
  ++count_;
  if (lines_.size() >= kHandOverBytes) {
    hand_over();
  } else if (!deadline_.armed()) {
    deadline_.arm(loop_.now() + kHandOverAfter);
  }
}

template void AccessLogWriter::write(const ConnectionRecord&);
template void AccessLogWriter::write(const RequestRecord&);

void AccessLogWriter::turn() {
  if (deadline_.expired()) hand_over();
}

void AccessLogWriter::hand_over() {
  deadline_.disarm();
  uint64_t lost = queue_.lost.exchange(0, std::memory_order_relaxed);
  if (!lines_.empty() && !log_.take(queue_, lines_, count_)) {
    log_warning("access lines dropped: the log cannot be written fast enough",
                {{"lines", count_}});
    lost += count_;
    lines_.clear();
  }
  if (lost) metrics_.log_lines_dropped.add(lost);
  count_ = 0;
  lines_.reserve(kBufferBytes);
}

}  // namespace sallyport
