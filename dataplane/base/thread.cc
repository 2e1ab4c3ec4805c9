#include "dataplane/base/thread.h"

#include <pthread.h>
#include <signal.h>

#include <cstring>
#include <utility>

#include "dataplane/base/check.h"

namespace sallyport {

std::thread start_thread(const char* name, std::function<void()> body) {
  CHECK(std::strlen(name) <= 15);
  sigset_t all, before;
  sigfillset(&all);
  // A thread inherits the mask of its maker, so there is no moment at which it takes a signal.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

}  // namespace sallyport
