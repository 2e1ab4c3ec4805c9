// Starting a thread the way every thread of this program is started.
#pragma once

#include <functional>
#include <thread>

namespace sallyport {

/// Runs `body` on a new thread called `name` (at most 15 characters, seen in top and gdb). The
/// thread takes no signals: they belong to the main thread, and a write to a closed pipe is an
/// error there instead of an end of the process.
std::thread start_thread(const char* name, std::function<void()> body);

}  // namespace sallyport
