#include "dataplane/tls/stream.h"

#include <errno.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/tls/kernel_tls.h"

namespace sallyport {

// How ciphertext moves: OpenSSL reads through bio_read, which serves what is left of an earlier
// call (received_), then this call's window of the worker's scratch memory, which one recv() fills;
// it writes through bio_write, which gathers into the scratch memory, sent by one send() at the end
// of the call. What the socket does not take waits in unsent_; what OpenSSL did not take, in
// received_.
//
// Where the kernel may decrypt, the handshake reads each record by itself and nothing behind it:
// what comes with the keys that the kernel gets must still be in the socket then. From there on
// data does not go through OpenSSL at all; it is shown what else there is, alerts and messages of
// the handshake, one record at a time.

namespace {

constexpr size_t kRecord = 16 * 1024;  // RFC 8446 section 5.1: most plaintext of one record
constexpr size_t kRecordHead = 5;
// Records without data that may come one after the other: OpenSSL bears as many empty ones.
constexpr int kSilentMost = 32;

KernelTlsFault fault_of(int error) {
  if (error == 0) return KernelTlsFault::None;
  return error == ENOENT ? KernelTlsFault::NoModule : KernelTlsFault::Kernel;
}

// RFC 8446 section 5.1.
void put_record_head(uint8_t type, size_t size, uint8_t* head) {
  head[0] = type;
  head[1] = head[2] = 3;
  head[3] = static_cast<uint8_t>(size >> 8);
  head[4] = static_cast<uint8_t>(size);
}

}  // namespace

Stream::Stream(Scratch& scratch)
    : scratch_(scratch), received_(scratch.blocks), unsent_(scratch.blocks) {}

Stream::~Stream() = default;

Stream::Stream(Stream&& other) noexcept
    : scratch_(other.scratch_),
      socket_(std::move(other.socket_)),
      ssl_(std::move(other.ssl_)),
      received_(std::move(other.received_)),
      unsent_(std::move(other.unsent_)),
      error_(other.error_),
      read_failed_(other.read_failed_),
      transport_ended_(other.transport_ended_),
      shutdown_begun_(other.shutdown_begun_),
      write_ended_(other.write_ended_),
      kernel_tls_(other.kernel_tls_),
      sending_fault_(other.sending_fault_),
      receiving_fault_(other.receiving_fault_),
      kernel_encrypts_(other.kernel_encrypts_),
      kernel_decrypts_(other.kernel_decrypts_),
      asked_for_new_keys_(other.asked_for_new_keys_),
      next_record_type_(other.next_record_type_),
      record_type_(other.record_type_),
      record_(std::move(other.record_)),
      tls_error_(std::move(other.tls_error_)),
      tls_error_code_(other.tls_error_code_) {
  DCHECK(other.window_.empty() && other.sending_ == 0);
  if (!ssl_) return;
  BIO_set_data(SSL_get_rbio(ssl_.get()), this);
  SSL_set_msg_callback_arg(ssl_.get(), this);
}

void Stream::attach(Socket socket, Block received) {
  socket_ = std::move(socket);
  received_ = std::move(received);
}

void Stream::attach(Socket socket) { socket_ = std::move(socket); }

void Stream::start_tls(SslPtr ssl) {
  CHECK(ssl && !ssl_);
  ssl_ = std::move(ssl);
  BIO* bio = BIO_new(bio_method());
  CHECK(bio);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

void Stream::offer_kernel_tls(KernelTlsUse use) {
  kernel_tls_ = use;
  if (use != KernelTlsUse::None) SSL_set_options(ssl_.get(), SSL_OP_ENABLE_KTLS);
}

Step Stream::handshake() {
  // A flight longer than what the socket took goes on first: the peer waits for the rest of it.
  if (flush() == Step::Failed) return Step::Failed;
  begin_call();
  shaking_hands_ = true;
  int result = SSL_do_handshake(ssl_.get());
  shaking_hands_ = false;
  if (result == 1) {
    // The last flight and the tickets go out with whatever comes next; flushing now is not a
    // condition of having shaken hands.
    return end_call() == Step::Failed ? Step::Failed : Step::Done;
  }
  int why = SSL_get_error(ssl_.get(), result);
  if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
    if (transport_ended_ || read_failed_) {
      ERR_clear_error();  // what OpenSSL says of it is not the cause
    } else {
      fail_tls();
    }
    end_call();  // the alert
    return Step::Failed;
  }
  return end_call() == Step::Failed ? Step::Failed : Step::Blocked;
}

FlowResult Stream::read(MutableBytes into) {
  if (ssl_) return tls_read(into);
  if (!received_.empty()) return {Flow::Ok, take_received(into.data(), into.size())};
  IoResult r = socket_.read(into);
  switch (r.kind) {
    case Io::Ok: return {Flow::Ok, r.bytes};
    case Io::Blocked: return {Flow::Blocked};
    case Io::End:
      transport_ended_ = true;
      // Writing had failed and so taken the socket's error: what looks like a FIN is a reset.
      return {error_ ? Flow::Failed : Flow::End};
    case Io::Failed: error_ = r.error; return {Flow::Failed};
  }
  return {Flow::Failed};
}

FlowResult Stream::tls_read(MutableBytes into) {
  if (kernel_decrypts_) return kernel_read(into);
  // What came behind the bytes that the last call returned.
  if (!tls_error_.empty()) return {Flow::Failed};
  if (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) return {Flow::End};
  // Nothing below, nothing within: spare OpenSSL the call.
  if (received_.empty() && !socket_.readable() && !SSL_has_pending(ssl_.get())) {
    return {Flow::Blocked};
  }
  begin_call();
  size_t total = 0;
  int result = 1;
  while (total < into.size()) {
    size_t got = 0;
    result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &got);
    if (result != 1) break;
    total += got;
    // Spare OpenSSL a call that could only find that there is no more.
    if (window_.empty() && received_.empty() && !socket_.readable() &&
        !SSL_has_pending(ssl_.get())) {
      break;
    }
  }
  int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  bool broken = why == SSL_ERROR_SSL || why == SSL_ERROR_SYSCALL;
  if (broken && !transport_ended_ && !read_failed_) {
    fail_tls();  // what was decrypted before it is still good
  } else if (broken) {
    ERR_clear_error();
  }
  Step sent = end_call();
  if (asked_for_new_keys_ && tls_error_.empty()) refuse_new_keys();
  if (total > 0) return {Flow::Ok, total};
  if (why == SSL_ERROR_ZERO_RETURN) return {Flow::End};
  if (!tls_error_.empty()) return {Flow::Failed};
  if (read_failed_ || (transport_ended_ && error_)) return {Flow::Failed};
  if (transport_ended_) return {Flow::Truncated};
  return {sent == Step::Failed ? Flow::Failed : Flow::Blocked};
}

FlowResult Stream::write(Bytes from) {
  DCHECK(!shutdown_begun_ && !from.empty());
  if (asked_for_new_keys_) return {Flow::Failed};
  if (has_unsent()) {
    Step s = flush();
    if (s == Step::Failed) return {Flow::Failed};
    if (s == Step::Blocked) return {Flow::Blocked};
  }
  if (ssl_ && !kernel_encrypts_) return tls_write(from);
  IoResult r = socket_.write(from);
  if (r.kind == Io::Failed) error_ = r.error;
  return {r.kind == Io::Ok       ? Flow::Ok
          : r.kind == Io::Failed ? Flow::Failed
                                 : Flow::Blocked,
          r.bytes};
}

FlowResult Stream::tls_write(Bytes from) {
  DCHECK(from.size() <= Scratch::kChunk);
  if (!socket_.writable()) return {Flow::Blocked};
  if (!encrypt(from)) return {Flow::Failed};
  return {Flow::Ok, from.size()};
}

bool Stream::encrypt(Bytes from) {
  begin_call();
  for (size_t at = 0; at < from.size();) {
    size_t put = 0;
    size_t piece = std::min(from.size() - at, kRecord);
    if (SSL_write_ex(ssl_.get(), from.data() + at, piece, &put) != 1) {
      fail_tls();
      break;
    }
    at += put;
  }
  return end_call() != Step::Failed && tls_error_.empty();
}

Step Stream::send(Bytes bytes) {
  DCHECK(!shutdown_begun_);
  if (asked_for_new_keys_ || flush() == Step::Failed) return Step::Failed;
  if (ssl_ && !kernel_encrypts_) {
    // What fits into the scratch memory that ciphertext is gathered in.
    while (!bytes.empty()) {
      Bytes piece = bytes.first(std::min(bytes.size(), Scratch::kChunk));
      bytes = bytes.subspan(piece.size());
      if (!encrypt(piece)) return Step::Failed;
    }
  } else if (!bytes.empty()) {
    size_t sent = 0;
    if (!has_unsent()) {
      IoResult r = socket_.write(bytes);
      if (r.kind == Io::Failed) {
        error_ = r.error;
        return Step::Failed;
      }
      sent = r.bytes;
    }
    unsent_.append(bytes.subspan(sent));
  }
  return has_unsent() ? Step::Blocked : Step::Done;
}

void Stream::send_raw(Bytes bytes) { unsent_.append(bytes); }

Step Stream::flush() {
  while (!unsent_.empty()) {
    IoResult r = socket_.write(unsent_.rest());
    if (r.kind == Io::Blocked) return Step::Blocked;
    if (r.kind == Io::Failed) {
      error_ = r.error;
      unsent_.clear();
      return Step::Failed;
    }
    unsent_.consumed(r.bytes);
  }
  if (record_type_ != 0) {
    IoResult r = socket_.write_record(record_type_, as_bytes(record_));
    if (r.kind == Io::Blocked) return Step::Blocked;
    record_type_ = 0;
    if (r.kind == Io::Failed) {
      error_ = r.error;
      return Step::Failed;
    }
  }
  return Step::Done;
}

Step Stream::end_write() {
  Step s = say_goodbye();
  if (s == Step::Done && !write_ended_) {
    write_ended_ = true;
    socket_.shutdown_write();
  }
  return s;
}

Step Stream::say_goodbye() {
  if (!shutdown_begun_) {
    shutdown_begun_ = true;
    if (ssl_ && SSL_is_init_finished(ssl_.get()) && tls_error_.empty()) {
      begin_call();
      SSL_shutdown(ssl_.get());
      ERR_clear_error();
      if (end_call() == Step::Failed) return Step::Failed;
    }
  }
  return flush();
}

void Stream::close() { socket_.close(); }
void Stream::reset() { socket_.reset(); }

std::string Stream::error_text() const {
  if (!tls_error_.empty()) return tls_error_;
  if (error_) return strerror(error_);
  if (transport_ended_) return "the connection ended";
  return "";
}

void Stream::fail_tls() { tls_error_ = take_openssl_error(tls_error_code_); }

// SSL_get_error(3) goes by the thread's queue of errors: what anybody had left there would be taken
// for this stream's.
void Stream::begin_call() {
  DCHECK(window_.empty() && sending_ == 0);
  if (ERR_peek_error() != 0) ERR_clear_error();
}

// Puts away what the scratch memory holds.
Step Stream::end_call() {
  if (!window_.empty()) {
    received_.append(window_);
    window_ = {};
  }
  if (sending_ == 0) return Step::Done;
  Bytes out{scratch_.sending, std::exchange(sending_, 0)};
  DCHECK(unsent_.empty());
  IoResult r = socket_.write(out);
  if (r.kind == Io::Failed) {
    error_ = r.error;
    return Step::Failed;
  }
  if (r.bytes == out.size()) return Step::Done;
  unsent_.append(out.subspan(r.bytes));
  return Step::Blocked;
}

bool Stream::give_keys_to_kernel(const void* parameters, bool sending) {
  // Others than those it has. It has none to change them for.
  if (sending ? kernel_encrypts_ : kernel_decrypts_) return false;
  Bytes known = kernel_tls_parameters(parameters);
  KernelTlsFault& fault = sending ? sending_fault_ : receiving_fault_;
  fault = known.empty() ? KernelTlsFault::Cipher
          : sending     ? give_sending_keys(known)
                        : give_receiving_keys(known);
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
  constexpr uint8_t kKeyUpdate = 24, kRequested = 1;
  auto* message = static_cast<const uint8_t*>(content);
  if (write || type != SSL3_RT_HANDSHAKE || size < 5 || message[0] != kKeyUpdate) return;
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
  send_record(SSL3_RT_ALERT, alert);
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

size_t Stream::take_received(uint8_t* into, size_t size) {
  size_t n = std::min(size, received_.rest().size());
  std::memcpy(into, received_.rest().data(), n);
  received_.consumed(n);
  return n;
}

bool Stream::receive(MutableBytes into, size_t& got) {
  if (transport_ended_) return false;
  return received(socket_.read(into), got);
}

// What came of reading below TLS.
bool Stream::received(const IoResult& r, size_t& got) {
  if (r.kind == Io::End) transport_ended_ = true;
  if (r.kind == Io::Failed) {
    error_ = r.error;
    read_failed_ = true;
  }
  got = r.bytes;
  return r.kind == Io::Ok;
}

// From the window, which is filled from the socket when it is empty.
size_t Stream::take_window(MutableBytes into) {
  size_t got = 0;
  if (window_.empty() && receive(scratch_.received, got)) window_ = {scratch_.received, got};
  if (window_.empty()) return 0;
  size_t n = std::min(into.size(), window_.size());
  std::memcpy(into.data(), window_.data(), n);
  window_ = window_.subspan(n);
  return n;
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
  size_t most = std::min(into.size() - kRecordHead, kRecord);
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
    if (type != SSL3_RT_APPLICATION_DATA) {
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

int Stream::bio_read(BIO* bio, char* into, size_t size, size_t* got) {
  auto& self = *static_cast<Stream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  MutableBytes space{reinterpret_cast<uint8_t*>(into), size};
  *got = 0;
  if (!self.received_.empty()) {
    *got = self.take_received(space.data(), size);
  } else if (self.kernel_decrypts_) {
    self.receive_record(space, *got);
  } else if (!self.window_.empty() || self.reads_ahead()) {
    *got = self.take_window(space);
  } else {
    self.receive(space, *got);
  }
  if (*got > 0) return 1;
  // At the end of the transport OpenSSL shall know that there is no more to come.
  if (!self.transport_ended_ && !self.read_failed_) BIO_set_retry_read(bio);
  return 0;
}

int Stream::bio_write(BIO* bio, const char* from, size_t size, size_t* put) {
  auto& self = *static_cast<Stream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  Bytes bytes{reinterpret_cast<const uint8_t*>(from), size};
  if (uint8_t type = std::exchange(self.next_record_type_, uint8_t{0})) {
    bool taken = self.send_record(type, bytes);
    if (!taken) BIO_set_retry_write(bio);
    *put = taken ? size : 0;
    return taken;
  }
  bool queue = !self.unsent_.empty();
  size_t room = queue ? self.unsent_.room_size() : sizeof self.scratch_.sending - self.sending_;
  if (size > room) {
    // Only a peer that makes us answer without reading our answers gets here (KeyUpdates).
    BIO_set_retry_write(bio);
    *put = 0;
    return 0;
  }
  if (queue) {
    self.unsent_.append(bytes);
  } else {
    std::memcpy(self.scratch_.sending + self.sending_, from, size);
    self.sending_ += size;
  }
  *put = size;
  return 1;
}

long Stream::bio_control(BIO* bio, int command, long number, void* pointer) {
  auto& self = *static_cast<Stream*>(BIO_get_data(bio));
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case kSetKernelTls: return self.give_keys_to_kernel(pointer, number != 0);
    case kGetKernelTlsSend: return self.kernel_encrypts_;
    case kGetKernelTlsReceive: return self.kernel_decrypts_;
    case kSetKernelTlsRecordType: self.next_record_type_ = static_cast<uint8_t>(number); return 1;
    case kClearKernelTlsRecordType: self.next_record_type_ = 0; return 1;
    default: return 0;
  }
}

BIO_METHOD* Stream::bio_method() {
  static BIO_METHOD* method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport stream");
    BIO_meth_set_read_ex(m, bio_read);
    BIO_meth_set_write_ex(m, bio_write);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  return method;
}

}  // namespace sallyport
