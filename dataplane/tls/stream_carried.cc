// The part of a stream whose TLS goes on without OpenSSL after the handshake.
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/tls/record.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

namespace {

// What is asked of the socket for one read() that has something already. Whole records fill the
// reader's room with one or two; a peer that makes them tiny shall not have all of a worker's time.
constexpr int kMoreReceptions = 2;

}  // namespace

// What is received lies in received_, as far as an earlier call has seen it, and behind that in
// this call's window of the worker's scratch memory. Records are decrypted to where they are read
// into as long as there is room; the end of the one that does not fit waits in carried_.

bool Stream::may_carry() const {
  return SSL_is_server(ssl_.get()) && kernel_tls_ == KernelTlsUse::None;
}

bool Stream::let_openssl_go() {
  CHECK(ssl_ && SSL_is_init_finished(ssl_.get()));
  bool can = carried_ && may_carry() && sealer_.has_keys() && !shutdown_begun_ &&
             tls_error_.empty() && SSL_has_pending(ssl_.get()) == 0 &&
             carried_->begin(scratch_.opening_contexts, sealer_.cipher());
  ERR_clear_error();
  if (can) {
    ssl_.reset();
  } else {
    carried_.reset();
    read_ahead();
  }
  return can;
}

// Decrypted data, or a record that has come whole.
bool Stream::carried_waits() const {
  if (!carried_->opened.empty()) return true;
  CarriedTls::Next next = CarriedTls::next(received_.rest());
  return next.size > 0 || next.alert != 0;
}

FlowResult Stream::carried_read(MutableBytes into) {
  // What came behind the bytes that the last call returned.
  if (!tls_error_.empty()) return {Flow::Failed};
  if (carried_->ended) return {Flow::End};
  begin_call();
  size_t total = 0;
  for (int more = kMoreReceptions; take_records(into, total) && total < into.size();) {
    if (total > 0 && more-- == 0) break;
    if (!fill_waiting()) break;
  }
  Step sent = end_call();
  if (total > 0) return {Flow::Ok, total};
  if (carried_->ended) return {Flow::End};
  if (!tls_error_.empty()) return {Flow::Failed};
  if (read_failed_ || (transport_ended_ && error_)) return {Flow::Failed};
  if (transport_ended_) return {Flow::Truncated};
  return {sent == Step::Failed ? Flow::Failed : Flow::Blocked};
}

// False: there is nothing more to be read, now or ever.
bool Stream::take_records(MutableBytes into, size_t& total) {
  Block& opened = carried_->opened;
  while (total < into.size()) {
    if (!opened.empty()) {
      size_t n = std::min(into.size() - total, opened.rest().size());
      std::memcpy(into.data() + total, opened.rest().data(), n);
      opened.consumed(n);
      total += n;
      continue;
    }
    CarriedTls::Next next = CarriedTls::next(waiting());
    if (next.alert != 0) {
      return break_off(CarriedTls::refusal(next.alert, "a record that must not come"));
    }
    if (next.size == 0) return true;
    if (!take_record(next.size, into, total)) return false;
  }
  return true;
}

// What has come and was not understood yet. A record that an earlier call has seen a part of is
// put together where that waits; the others are taken from where they were received.
MutableBytes Stream::waiting() {
  while (!received_.empty() && !window_.empty()) {
    size_t lacks = CarriedTls::next(received_.rest()).lacks;
    if (lacks == 0) break;
    Bytes piece = window_.first(std::min(lacks, window_.size()));
    received_.append(piece);
    window_ = window_.subspan(piece.size());
  }
  if (!received_.empty() || window_.empty()) return received_.rest();
  return {scratch_.received + (window_.data() - scratch_.received), window_.size()};
}

// False: the last one that there is.
bool Stream::take_record(size_t size, MutableBytes into, size_t& total) {
  MutableBytes room = into.subspan(total);
  CarriedTls::Heard heard = carried_->hear(scratch_.opening_contexts, waiting().first(size), room);
  if (heard.said == CarriedTls::Said::Data) {
    size_t n = std::min(room.size(), heard.data.size());
    if (heard.data.data() != room.data()) std::memcpy(room.data(), heard.data.data(), n);
    carried_->opened.append(heard.data.subspan(n));
    total += n;
  }
  received_.empty() ? void(window_ = window_.subspan(size)) : received_.consumed(size);
  switch (heard.said) {
    case CarriedTls::Said::Data:
    case CarriedTls::Said::Nothing: return true;
    case CarriedTls::Said::Goodbye: return false;
    case CarriedTls::Said::Fault: return break_off(heard);
  }
  return false;
}

// REQUIRES: no whole record waits. False: there is nothing to be had.
bool Stream::fill_waiting() {
  if (!socket_.readable() || transport_ended_) return false;
  if (!window_.empty()) received_.append(std::exchange(window_, {}));
  size_t got = 0;
  if (!receive(scratch_.received, got)) return false;
  window_ = {scratch_.received, got};
  return true;
}

bool Stream::change_own_keys() {
  carried_->wants_new_keys = false;
  return seal(kHandshakeRecord, CarriedTls::kKeyUpdateMessage) && carried_->writing().advance() &&
         sealer_.take_next_keys(scratch_.sealing_contexts, carried_->writing());
}

bool Stream::break_off(const CarriedTls::Heard& heard) {
  const char* reason = heard.fault ? heard.fault : ERR_reason_error_string(heard.code);
  tls_error_ = reason ? reason : "an alert that OpenSSL has no words for";
  tls_error_code_ = heard.code;
  const uint8_t alert[] = {2, heard.alert};
  // Behind a goodbye nothing is said (section 6.1).
  if (heard.alert != 0 && sealer_.has_keys() && !shutdown_begun_) seal(kAlertRecord, alert);
  return false;
}

}  // namespace sallyport
