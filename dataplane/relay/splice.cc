#include "dataplane/relay/splice.h"

#include <errno.h>

#include <algorithm>

namespace sallyport {

Splice::Taken Splice::take(Stream& from, uint64_t most) {
  if (!pipe_ && !(pipe_ = pipes_.borrow())) return {Taken::Kind::Unable};
  size_t size = static_cast<size_t>(std::min<uint64_t>(most, PipePool::kPipeBytes));
  IoResult r = from.socket().splice_into(*pipe_, size);
  if (r.kind == Io::Ok) return {Taken::Kind::Ok, r.bytes};
  stop();
  // Under TLS only read() knows an end from a cut, and what is neither data nor an end.
  bool something_else = r.kind == Io::End || (r.kind == Io::Failed && r.error == EINVAL);
  if (something_else && from.kernel_decrypts()) return {Taken::Kind::Unable};
  if (r.kind == Io::Blocked) return {Taken::Kind::Blocked};
  if (r.kind == Io::End) return {Taken::Kind::End};
  from.fail(r.error);
  return {Taken::Kind::Failed};
}

Step Splice::deliver(Stream& to) {
  while (waits()) {
    IoResult r = to.socket().splice_from(*pipe_);
    if (r.kind == Io::Blocked) return Step::Blocked;
    if (r.kind != Io::Ok) {
      to.fail(r.error);
      return Step::Failed;
    }
  }
  return Step::Done;
}

}  // namespace sallyport
