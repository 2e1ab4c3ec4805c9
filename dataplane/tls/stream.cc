#include "dataplane/tls/stream.h"

#include <errno.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/tls/kernel_tls.h"
#include "dataplane/tls/key_schedule.h"
#include "dataplane/tls/record.h"

namespace sallyport {

// How ciphertext moves: OpenSSL reads through bio_read, which serves what is left of an earlier
// call (received_), and then lets the socket fill OpenSSL's own buffer, of one record. Where it
// asks for less, a window of the worker's scratch memory, which one recv() fills, is between them.
// It writes through bio_write, which gathers into the scratch memory, sent by one send() at the end
// of the call. What the socket does not take waits in unsent_; what OpenSSL did not take, in
// received_.
//
// OpenSSL gives the keys of what is sent in TLS 1.3 away, as if to a kernel. Where that is not
// wanted or does not take them, data is sealed here (record_sealer.h), straight into the scratch
// memory. What OpenSSL itself still has to say, tickets, alerts and KeyUpdates, comes through
// bio_write as plain text then, and is sealed there.
//
// A client's TLS 1.3 goes on without OpenSSL after the handshake (stream_carried.cc).

namespace {

// For one read(): a peer that makes its records tiny shall not have all of a worker's time.
constexpr int kRecordsMost = 256;

}  // namespace

Stream::Stream(Scratch& scratch)
    : scratch_(scratch), received_(scratch.blocks), unsent_(scratch.blocks) {}

Stream::~Stream() = default;

Stream::Stream(Stream&& other) noexcept
    : scratch_(other.scratch_),
      socket_(std::move(other.socket_)),
      ssl_(std::move(other.ssl_)),
      sealer_(std::move(other.sealer_)),
      carried_(std::move(other.carried_)),
      received_(std::move(other.received_)),
      unsent_(std::move(other.unsent_)),
      error_(other.error_),
      read_failed_(other.read_failed_),
      read_dry_(other.read_dry_),
      transport_ended_(other.transport_ended_),
      shutdown_begun_(other.shutdown_begun_),
      write_ended_(other.write_ended_),
      kernel_tls_(other.kernel_tls_),
      sending_fault_(other.sending_fault_),
      receiving_fault_(other.receiving_fault_),
      kernel_encrypts_(other.kernel_encrypts_),
      kernel_decrypts_(other.kernel_decrypts_),
      asked_for_new_keys_(other.asked_for_new_keys_),
      holds_back_(other.holds_back_),
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
  SSL_set_options(ssl_.get(), SSL_OP_ENABLE_KTLS);
  // Without this mode OpenSSL 3.0 would go on to write into what was last given to bio_write as
  // plain text, once it encrypts by itself again.
  SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  read_ahead();
}

// Fewer calls of bio_read. But what comes behind a handshake may be for the kernel, or for us.
void Stream::read_ahead() {
  bool may_let_go = SSL_is_server(ssl_.get()) && !SSL_is_init_finished(ssl_.get());
  SSL_set_read_ahead(ssl_.get(), kernel_tls_ != KernelTlsUse::Both && !may_let_go);
}

int Stream::do_handshake() {
  DerivationsNoted noted(carried_.get());
  shaking_hands_ = true;
  int result = SSL_do_handshake(ssl_.get());
  shaking_hands_ = false;
  return result;
}

Step Stream::handshake() {
  // A flight longer than what the socket took goes on first: the peer waits for the rest of it.
  if (flush() == Step::Failed) return Step::Failed;
  begin_call();
  if (!carried_ && may_carry()) carried_ = std::make_unique<CarriedTls>(scratch_.blocks);
  int result = do_handshake();
  if (result == 1) {
    // Whoever encrypts goes on doing so with the keys of a KeyUpdate. For those that are received
    // OpenSSL from 3.2 on would try the kernel once more, and with its refusal lose what lies
    // behind the KeyUpdate in its buffer.
    SSL_clear_options(ssl_.get(), SSL_OP_ENABLE_KTLS);
    if (!carried_) read_ahead();
    // That the last flight has left is no condition of having shaken hands. A server's peer is not
    // waiting for it, as a rule.
    if (SSL_is_server(ssl_.get())) unsent_.append({scratch_.sending, std::exchange(sending_, 0)});
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
  if (carried_) return carried_read(into);
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
  read_dry_ = false;
  for (int records = 0; total < into.size() && records < kRecordsMost; ++records) {
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
  read_dry_ = why == SSL_ERROR_WANT_READ;
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

FlowResult Stream::write(Bytes from, bool more) {
  more_ = more && !kernel_encrypts_;
  FlowResult result = write_some(from);
  more_ = false;
  return result;
}

FlowResult Stream::write_some(Bytes from) {
  DCHECK(!shutdown_begun_ && !from.empty());
  if (asked_for_new_keys_) return {Flow::Failed};
  if (has_unsent()) {
    Step s = flush();
    if (s == Step::Failed) return {Flow::Failed};
    if (s == Step::Blocked) return {Flow::Blocked};
  }
  if (!plain() && !kernel_encrypts_) return tls_write(from);
  IoResult r = transmit(from);
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
  if (!tls_error_.empty()) return false;
  begin_call();
  if (!renew_keys()) fail_tls();
  while (!from.empty() && tls_error_.empty()) {
    Bytes piece = from.first(std::min(from.size(), kRecordMost));
    size_t put = piece.size();
    bool good = seals() ? seal(kDataRecord, piece)
                        : SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &put) == 1;
    if (!good) fail_tls();
    from = from.subspan(put);
  }
  return end_call() != Step::Failed && tls_error_.empty();
}

// Who was asked for new keys changes them before it sends more data (RFC 8446 section 4.6.3): one
// answer to however many requests. So does who has used its own for long.
bool Stream::renew_keys() {
  bool worn = sealer_.has_keys() && sealer_.worn(scratch_.sealing_contexts);
  if (!ssl_) return !(worn || carried_->wants_new_keys) || change_own_keys();
  // Amid a message of the peer's, be it a ticket in pieces, OpenSSL changes none.
  if (!worn || !SSL_is_init_finished(ssl_.get())) return true;
  return SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1;
}

// OpenSSL changes its keys itself when it is given data.
bool Stream::seals() const {
  if (!ssl_) return sealer_.has_keys();
  return sealer_.has_keys() && SSL_get_key_update_type(ssl_.get()) == SSL_KEY_UPDATE_NONE;
}

// What goes out at the end of the call, or behind what waits already.
bool Stream::put(Bytes bytes) {
  if (bytes.size() > room_to_send()) return false;
  if (!unsent_.empty()) {
    unsent_.append(bytes);
  } else {
    std::memcpy(scratch_.sending + sending_, bytes.data(), bytes.size());
    sending_ += bytes.size();
  }
  return true;
}

// The same of one record, made here.
bool Stream::seal(uint8_t type, Bytes content) {
  if (room_to_send() < content.size() + RecordSealer::kOverhead) return false;
  uint8_t* out = scratch_.sending + sending_;
  size_t size = sealer_.seal(scratch_.sealing_contexts, type, content, out);
  if (size == 0) return false;
  if (unsent_.empty()) {
    sending_ += size;
  } else {
    unsent_.append({out, size});
  }
  // The new keys OpenSSL keeps to itself, and encrypts from here on.
  if (ssl_ && type == kHandshakeRecord && content[0] == kKeyUpdate) sealer_.drop_keys();
  return true;
}

// What waits already has left the scratch memory empty, by way of which a record goes behind it.
size_t Stream::room_to_send() const {
  size_t scratch = sizeof scratch_.sending - sending_;
  return unsent_.empty() ? scratch : std::min(scratch, unsent_.room_size());
}

IoResult Stream::transmit(Bytes bytes) {
  IoResult r = socket_.write(bytes, more_);
  // A write that finds no room changes nothing of what an earlier one has left behind.
  if (r.kind == Io::Ok) holds_back_ = more_;
  return r;
}

void Stream::push() {
  if (std::exchange(holds_back_, false)) socket_.push();
}

Step Stream::send(Bytes bytes, bool more) {
  // Of a record that the kernel has still to make, nothing but the next write brings the end.
  more_ = more && !kernel_encrypts_;
  Step step = send_all(bytes);
  more_ = false;
  return step;
}

Step Stream::send_all(Bytes bytes) {
  DCHECK(!shutdown_begun_);
  if (asked_for_new_keys_) return Step::Failed;
  if (!plain() && !kernel_encrypts_) {
    bool behind = has_unsent();
    // What fits into the scratch memory that ciphertext is gathered in.
    while (!bytes.empty()) {
      Bytes piece = bytes.first(std::min(bytes.size(), Scratch::kChunk));
      bytes = bytes.subspan(piece.size());
      if (!encrypt(piece)) return Step::Failed;
    }
    if (behind) return flush();
  } else if (flush() == Step::Failed) {
    return Step::Failed;
  } else if (!bytes.empty()) {
    size_t sent = 0;
    if (!has_unsent()) {
      IoResult r = transmit(bytes);
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
    IoResult r = transmit(unsent_.rest());
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
  if (std::exchange(shutdown_begun_, true)) return flush();
  more_ = !kernel_encrypts_;  // until the FIN, which is next
  Step said = send_close_notify();
  more_ = false;
  return said == Step::Failed ? said : flush();
}

Step Stream::send_close_notify() {
  if (!tls_error_.empty()) return Step::Done;
  begin_call();
  if (!ssl_ && carried_ && sealer_.has_keys()) {
    constexpr uint8_t kCloseNotify[] = {1, 0};
    seal(kAlertRecord, kCloseNotify);
  } else if (ssl_ && SSL_is_init_finished(ssl_.get())) {
    SSL_shutdown(ssl_.get());
  }
  ERR_clear_error();
  return end_call();
}

bool Stream::has_received() const {
  if (!ssl_ && carried_) return carried_waits();
  return !received_.empty() || (ssl_ && !read_dry_ && SSL_has_pending(ssl_.get()));
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
  IoResult r = transmit(out);
  if (r.kind == Io::Failed) {
    error_ = r.error;
    return Step::Failed;
  }
  if (r.bytes == out.size()) return Step::Done;
  unsent_.append(out.subspan(r.bytes));
  return Step::Blocked;
}

bool Stream::take_keys(const void* parameters, bool sending) {
  // Others than those the kernel has. It cannot change them.
  if (sending ? kernel_encrypts_ : kernel_decrypts_) return false;
  Bytes known = kernel_tls_parameters(parameters);
  if (kernel_tls_ != KernelTlsUse::None && give_keys_to_kernel(known, sending)) return true;
  return sending && sealer_.take_keys(scratch_.sealing_contexts, known);
}

}  // namespace sallyport
