// What the kernel is asked to do of a connection's TLS, and what becomes of that.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sallyport {

enum class KernelTlsUse : uint8_t {
  None,
  Sending,  // it encrypts what is sent
  Both,     // and decrypts what is received
};

/// Why the kernel has not one direction of a connection.
enum class KernelTlsFault : uint8_t {
  None,      // it has
  NotAsked,
  NoModule,  // the kernel has no TLS
  Kernel,    // it refuses these keys
  Cipher,    // one that OpenSSL has no keys for the kernel of, or we do not know
  Version,   // of TLS, in which OpenSSL hands no keys over for this direction
  Unsent,    // what the socket would not take yet was encrypted with keys from before
  ReadAhead, // what was encrypted with the new keys has been read already
  Count,
};

constexpr size_t kKernelTlsFaults = static_cast<size_t>(KernelTlsFault::Count);

const char* name(KernelTlsFault);  // "read_ahead"; "" for None

}  // namespace sallyport
