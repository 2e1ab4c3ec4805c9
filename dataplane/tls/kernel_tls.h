// What this machine's kernel can do of TLS for us, and how OpenSSL tells it.
#pragma once

#include <string>

#include "dataplane/base/bytes.h"

namespace sallyport {

/// Empty when it can; else why not, in words. Asks the kernel, each time.
std::string why_no_kernel_tls();

/// Whether the processor has instructions for AES, without which nothing is gained.
bool accelerates_aes();

/// What OpenSSL asks of a BIO when keys may go to the kernel. openssl/bio.h reserves the numbers in
/// a comment, for BIOs that are sockets.
enum KernelTlsControl : int {
  kSetKernelTls = 72,           // number: 0 receiving, else sending; pointer: the parameters
  kGetKernelTlsSend = 73,
  kSetKernelTlsRecordType = 74, // number: of the next record written, if it is not data
  kClearKernelTlsRecordType = 75,
  kGetKernelTlsReceive = 76,
};

/// The parameters that OpenSSL hands over, which begin as linux/tls.h says, with their size. Empty
/// for a cipher that this does not know.
Bytes kernel_tls_parameters(const void* from_openssl);

/// Whether OpenSSL has keys for the kernel to receive with in TLS 1.3: since 3.2.
bool openssl_lets_kernel_receive_1_3();

/// "OpenSSL 3.0.19 27 Jan 2026": of the library in use, which may be newer than the headers.
std::string openssl_version();

}  // namespace sallyport
