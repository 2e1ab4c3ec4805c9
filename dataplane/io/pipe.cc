#include "dataplane/io/pipe.h"

#include <fcntl.h>
#include <unistd.h>

namespace sallyport {

namespace {
// Pipes kept for the next borrower: enough for the transfers that are in flight at one moment.
constexpr size_t kKept = 16;
}  // namespace

Pipe::~Pipe() {
  ::close(read_end_);
  ::close(write_end_);
}

std::unique_ptr<Pipe> PipePool::borrow() {
  if (!idle_.empty()) {
    std::unique_ptr<Pipe> pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
  }
  int ends[2];
  if (made_ >= most_ || ::pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) {
    ++refusals_;
    return nullptr;
  }
  // May be refused beyond pipe-user-pages-soft; the default capacity serves too.
  ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kPipeBytes));
  ++made_;
  return std::unique_ptr<Pipe>(new Pipe(ends[0], ends[1]));
}

void PipePool::give_back(std::unique_ptr<Pipe> pipe) {
  if (!pipe) return;
  if (pipe->pending() == 0 && idle_.size() < kKept && made_ <= most_) {
    idle_.push_back(std::move(pipe));
    return;
  }
  --made_;
}

}  // namespace sallyport
