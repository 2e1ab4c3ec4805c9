#include "dataplane/tls/kernel_tls.h"

#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport {

namespace {

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

// The kernel attaches TLS only to a connected socket, so one is connected to itself.
int try_attach() {
  int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  int error = 0;
  if (::bind(listening, raw, size) < 0 || ::listen(listening, 1) < 0 ||
      ::getsockname(listening, raw, &size) < 0 || ::connect(client, raw, size) < 0 ||
      ::setsockopt(client, IPPROTO_TCP, TCP_ULP, "tls", 4) < 0) {
    error = errno;
  }
  ::close(client);
  ::close(listening);
  return error;
}

}  // namespace

std::string why_no_kernel_tls() {
#ifdef SSL_OP_ENABLE_KTLS
  int error = try_attach();
  if (error == 0) return "";
  if (error == ENOENT) return "the kernel has no tls module, or it is not loaded (modprobe tls)";
  return std::string("the kernel refuses: ") + strerror(error);
#else
  return "OpenSSL was built without it";
#endif
}

bool accelerates_aes() {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_cpu_supports("aes");
#elif defined(__aarch64__)
  return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
  return false;
#endif
}

Bytes kernel_tls_parameters(const void* from_openssl) {
  tls_crypto_info info;
  memcpy(&info, from_openssl, sizeof info);
  size_t size = 0;
  switch (info.cipher_type) {
    case TLS_CIPHER_AES_GCM_128: size = sizeof(tls12_crypto_info_aes_gcm_128); break;
    case TLS_CIPHER_AES_GCM_256: size = sizeof(tls12_crypto_info_aes_gcm_256); break;
    case TLS_CIPHER_CHACHA20_POLY1305: size = sizeof(tls12_crypto_info_chacha20_poly1305); break;
    default: break;
  }
  return {static_cast<const uint8_t*>(from_openssl), size};
}

bool openssl_lets_kernel_receive_1_3() { return OpenSSL_version_num() >= 0x30200000L; }

std::string openssl_version() { return OpenSSL_version(OPENSSL_VERSION); }

}  // namespace sallyport
