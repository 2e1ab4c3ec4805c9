// The operational log: what an operator should know, one line each, on stderr.
//
//   log_warning("configuration refused", {{"file", path}, {"problems", n}});
//   2026-03-31T23:59:59.000001Z warning configuration refused file=edge.yaml problems=3
//
// Thread: any, loops included. The caller formats and queues; a thread of the log's own writes,
// so nobody waits for a slow terminal or disk. The queue is bounded: lines that find it full are
// dropped, and a later line says how many. A place in the code that logs more than ten lines in a
// second is silenced for the rest of it; its next line carries suppressed=N.
#pragma once

#include <initializer_list>
#include <string_view>

#include "dataplane/base/clock.h"
#include "dataplane/base/log_line.h"
#include "dataplane/base/log_throttle.h"

namespace sallyport {

void log_debug(std::string_view message, std::initializer_list<LogField> fields = {},
               LogSite site = LogSite::here());
void log_info(std::string_view message, std::initializer_list<LogField> fields = {},
              LogSite site = LogSite::here());
void log_warning(std::string_view message, std::initializer_list<LogField> fields = {},
                 LogSite site = LogSite::here());
void log_error(std::string_view message, std::initializer_list<LogField> fields = {},
               LogSite site = LogSite::here());

/// Lines below `level` are not even formatted. Info at first.
void set_log_level(LogLevel level);

/// Waits until what was logged before is written, or `most` has passed; says whether it is.
/// Called by itself when the process exits.
bool flush_log(Millis most = Millis(2'000));

/// Takes whole lines. Called on the log's thread, one call at a time; may block.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(std::string_view lines) = 0;
};

/// Lines go to `sink` instead of stderr; null: to stderr again. What was logged before goes where
/// it went, and when this returns the sink before is not in use any more.
/// REQUIRES: a sink lives until it is replaced; the one before returns from write().
void set_log_sink(LogSink* sink);

}  // namespace sallyport
