// Where records of ended connections and requests go.
#pragma once

#include "dataplane/observe/connection_record.h"
#include "dataplane/observe/request_record.h"

namespace sallyport {

/// Takes each record once. Called on the worker's loop: must not block. On listeners that speak
/// HTTP each request is recorded, and a connection only when it ends without any request having
/// been recorded on it; elsewhere each connection is.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void record(const ConnectionRecord& record) = 0;
  virtual void record(const RequestRecord& record) = 0;
};

}  // namespace sallyport
