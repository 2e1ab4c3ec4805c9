#include "control/certificate_checker.h"

#include <sys/resource.h>
#include <unistd.h>

#include "dataplane/base/log.h"
#include "dataplane/base/thread.h"

namespace sallyport {

CertificateChecker::~CertificateChecker() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void CertificateChecker::add(std::vector<UncheckedCertificate> certificates) {
  if (certificates.empty()) return;
  std::lock_guard lock(mutex_);
  waiting_ += certificates.size();
  for (UncheckedCertificate& one : certificates) queue_.push_back(std::move(one));
  if (!thread_.joinable()) thread_ = start_thread("certificates", [this] { run(); });
  changed_.notify_one();
}

void CertificateChecker::run() {
  // On Linux this is of the thread alone. Not idle altogether: on a busy machine it would not end.
  constexpr int kNice = 10;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
    if (stop_) return;
    UncheckedCertificate one = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Result<void> good = one.certificate->check();
    if (!good) {
      ++bad_;
      log_error(Problem{one.place, one.path,
                        "secret \"" + one.secret + "\": " + good.error().message +
                            "; handshakes with its sites fail until it is replaced"}
                    .text(),
                {}, LogSite::of_a_list());
    }
    ++checked_;
    --waiting_;
    if (waiting_ == 0) log_info("all certificates are checked", {{"bad", bad_.load()}});
    one = {};
    lock.lock();
  }
}

}  // namespace sallyport
