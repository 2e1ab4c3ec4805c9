// The part of a stream that concerns a kernel which encrypts and decrypts.
#include <errno.h>
#include <openssl/err.h>

#include <algorithm>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/tls/kernel_tls.h"
#include "dataplane/tls/record.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

// Where the kernel may decrypt, the handshake reads each record by itself and nothing behind it:
// what comes with the keys that the kernel gets must still be in the socket then. From there on
// data does not go through OpenSSL at all; it is shown what else there is, alerts and messages of
// the handshake, one record at a time.

namespace {

// Records without data that may come one after the other: OpenSSL bears as many empty ones.
constexpr int kSilentMost = 32;

KernelTlsFault fault_of(int error) {
  if (error == 0) return KernelTlsFault::None;
  return error == ENOENT ? KernelTlsFault::NoModule : KernelTlsFault::Kernel;
}

}  // namespace

void Stream::offer_kernel_tls(KernelTlsUse use) {
  kernel_tls_ = use;
  read_ahead();
}

bool Stream::give_keys_to_kernel(Bytes parameters, bool sending) {
  KernelTlsFault& fault = sending ? sending_fault_ : receiving_fault_;
  fault = parameters.empty() ? KernelTlsFault::Cipher
          : sending          ? give_sending_keys(parameters)
                             : give_receiving_keys(parameters);
  if (fault != KernelTlsFault::None) return false;
  (sending ? kernel_encrypts_ : kernel_decrypts_) = true;
  // Keys that are replaced later on are the one thing that this cannot do.
  SSL_set_msg_callback(ssl_.get(), on_message);
  SSL_set_msg_callback_arg(ssl_.get(), this);
  return true;
}

// All that OpenSSL has written with the keys before these must have left first: what is in the
// socket's queue by then, the kernel sends as it is.
KernelTlsFault Stream::give_sending_keys(Bytes parameters) {
  if (end_call() != Step::Done || has_unsent()) return KernelTlsFault::Unsent;
  return fault_of(socket_.encrypt_writes(parameters));
}

KernelTlsFault Stream::give_receiving_keys(Bytes parameters) {
  if (kernel_tls_ != KernelTlsUse::Both) return KernelTlsFault::NotAsked;
  if (!window_.empty() || !received_.empty()) return KernelTlsFault::ReadAhead;
  return fault_of(socket_.decrypt_reads(parameters));
}

KernelTlsFault Stream::why_never_asked() const {
  bool version = SSL_version(ssl_.get()) == TLS1_3_VERSION && !openssl_lets_kernel_receive_1_3();
  return version ? KernelTlsFault::Version : KernelTlsFault::Cipher;
}

KernelTlsFault Stream::why_kernel_does_not_encrypt() const {
  if (kernel_encrypts_ || sending_fault_ != KernelTlsFault::None) return sending_fault_;
  return KernelTlsFault::Cipher;
}

KernelTlsFault Stream::why_kernel_does_not_decrypt() const {
  if (kernel_decrypts_ || receiving_fault_ != KernelTlsFault::None) return receiving_fault_;
  return kernel_tls_ == KernelTlsUse::Both ? why_never_asked() : KernelTlsFault::NotAsked;
}

// RFC 8446 section 4.6.3: with a KeyUpdate the peer changes its own keys, and may ask for one in
// return, of which OpenSSL would encrypt all that comes after it by itself, and the kernel once
// more.
void Stream::on_message(int write, int, int type, const void* content, size_t size, SSL*,
                        void* context) {
  constexpr uint8_t kRequested = 1;
  auto* message = static_cast<const uint8_t*>(content);
  if (write || type != kHandshakeRecord || size < 5 || message[0] != kKeyUpdate) return;
  auto& self = *static_cast<Stream*>(context);
  bool asked = message[4] == kRequested && self.kernel_encrypts_;
  if (asked || self.kernel_decrypts_) self.asked_for_new_keys_ = true;
}

// Where the kernel only decrypts, OpenSSL itself has failed to change its keys, and said so.
void Stream::refuse_new_keys() {
  constexpr uint8_t kFatal = 2, kInternalError = 80;
  tls_error_ = "the peer asks for new keys, which the kernel's TLS cannot change";
  if (!kernel_encrypts_) return;
  asked_for_new_keys_ = false;
  uint8_t alert[] = {kFatal, kInternalError};
  send_record(kAlertRecord, alert);
  asked_for_new_keys_ = true;
}

// False: one is waiting already.
bool Stream::send_record(uint8_t type, Bytes content) {
  if (asked_for_new_keys_) return true;  // of no use to anybody any more
  if (record_type_ != 0) return false;
  record_type_ = type;
  record_.assign(reinterpret_cast<const char*>(content.data()), content.size());
  if (flush() == Step::Failed) record_type_ = 0;
  return true;
}

// OpenSSL asks for no more than the record it is at. As a server it knows the version before the
// first keys, and so whether the kernel may get them.
bool Stream::reads_ahead() const {
  if (!shaking_hands_ || kernel_tls_ != KernelTlsUse::Both) return true;
  return SSL_is_server(ssl_.get()) && SSL_version(ssl_.get()) == TLS1_3_VERSION &&
         !openssl_lets_kernel_receive_1_3();
}

// A record that the kernel has decrypted, as OpenSSL wants it: under the head it would have had.
bool Stream::receive_record(MutableBytes into, size_t& got) {
  // After the handshake it gets what it is shown, and nothing else.
  if (!shaking_hands_ || transport_ended_ || into.size() <= kRecordHead) return false;
  uint8_t type = 0;
  size_t most = std::min(into.size() - kRecordHead, kRecordMost);
  if (!received(socket_.read_record(into.subspan(kRecordHead, most), type), got)) return false;
  put_record_head(type, got, into.data());
  got += kRecordHead;
  return true;
}

FlowResult Stream::kernel_read(MutableBytes into) {
  if (!tls_error_.empty()) return {Flow::Failed};
  if (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) return {Flow::End};
  for (int silent = 0; silent < kSilentMost; ++silent) {
    uint8_t type = 0;
    size_t got = 0;
    IoResult r = socket_.read_record(into, type);
    if (!received(r, got)) {
      if (r.kind == Io::Blocked) return {Flow::Blocked};
      // Writing had failed and so taken the socket's error: what looks like a FIN is a reset.
      return {error_ ? Flow::Failed : Flow::Truncated};
    }
    if (type != kDataRecord) {
      FlowResult told = let_openssl_read(type, into.first(got));
      if (told.kind != Flow::Blocked) return told;
    } else if (got > 0) {
      return {Flow::Ok, got};
    }
  }
  tls_error_ = "the peer sends one record without data after the other";
  return {Flow::Failed};
}

// Blocked: it was nothing that ends the stream.
FlowResult Stream::let_openssl_read(uint8_t type, Bytes content) {
  DCHECK(received_.empty());
  uint8_t head[kRecordHead];
  put_record_head(type, content.size(), head);
  received_.append(head);
  received_.append(content);
  begin_call();
  uint8_t none;
  size_t got = 0;
  int result = SSL_read_ex(ssl_.get(), &none, sizeof none, &got);
  int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  if (why != SSL_ERROR_ZERO_RETURN && why != SSL_ERROR_WANT_READ) {
    fail_tls();
    if (tls_error_.empty()) tls_error_ = "a record in which OpenSSL sees another than the kernel";
  }
  Step sent = end_call();
  if (asked_for_new_keys_) refuse_new_keys();
  received_.clear();
  if (!tls_error_.empty()) return {Flow::Failed};
  if (why == SSL_ERROR_ZERO_RETURN) return {Flow::End};
  return {sent == Step::Failed ? Flow::Failed : Flow::Blocked};
}

}  // namespace sallyport
