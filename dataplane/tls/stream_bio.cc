// How OpenSSL's bytes go through a stream: the BIO beneath its connection.
#include <openssl/bio.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/tls/kernel_tls.h"
#include "dataplane/tls/record.h"
#include "dataplane/tls/stream.h"

namespace sallyport {

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

int Stream::bio_read(BIO* bio, char* into, size_t size, size_t* got) {
  auto& self = *static_cast<Stream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  MutableBytes space{reinterpret_cast<uint8_t*>(into), size};
  *got = 0;
  if (!self.received_.empty()) {
    *got = self.take_received(space.data(), size);
  } else if (self.kernel_decrypts_) {
    self.receive_record(space, *got);
  } else if (self.window_.empty() && (size >= kRecordMost || !self.reads_ahead())) {
    self.receive(space, *got);  // spares the way through the window
  } else {
    *got = self.take_window(space);
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
  uint8_t type = std::exchange(self.next_record_type_, uint8_t{0});
  bool taken = self.sealer_.has_keys() ? self.seal(type ? type : kDataRecord, bytes)
               : type != 0             ? self.send_record(type, bytes)
                                       : self.put(bytes);
  // Only a peer that makes us answer without reading our answers gets here (KeyUpdates).
  if (!taken) BIO_set_retry_write(bio);
  *put = taken ? size : 0;
  return taken;
}

long Stream::bio_control(BIO* bio, int command, long number, void* pointer) {
  auto& self = *static_cast<Stream*>(BIO_get_data(bio));
  switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case kSetKernelTls: return self.take_keys(pointer, number != 0);
    case kGetKernelTlsSend: return self.kernel_encrypts_ || self.sealer_.has_keys();
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
