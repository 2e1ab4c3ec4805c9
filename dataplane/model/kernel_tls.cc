#include "dataplane/model/kernel_tls.h"

namespace sallyport {

const char* name(KernelTlsFault fault) {
  switch (fault) {
    case KernelTlsFault::NotAsked: return "not_asked";
    case KernelTlsFault::NoModule: return "no_module";
    case KernelTlsFault::Kernel: return "kernel";
    case KernelTlsFault::Cipher: return "cipher";
    case KernelTlsFault::Version: return "version";
    case KernelTlsFault::Unsent: return "unsent";
    case KernelTlsFault::ReadAhead: return "read_ahead";
    case KernelTlsFault::None:
    case KernelTlsFault::Count: break;
  }
  return "";
}

}  // namespace sallyport
