// One side of a connection: a socket, plain or under TLS, read and written alike.
#pragma once

#include <memory>
#include <string>

#include "dataplane/base/block.h"
#include "dataplane/io/socket.h"
#include "dataplane/model/kernel_tls.h"
#include "dataplane/tls/carried_tls.h"
#include "dataplane/tls/openssl.h"
#include "dataplane/tls/record_sealer.h"
#include "dataplane/wire/h2_frames.h"

namespace sallyport {

/// Memory that every stream of a worker uses within a call, and none keeps after it.
struct Scratch {
  /// Most bytes of one system call: three whole records of TLS. Four would be a little more than
  /// the largest packet there is inside a host (64 KiB with its headers), and so make two of them.
  static constexpr size_t kChunk = 48 * 1024;
  static constexpr size_t kBulk = kChunk / 4;  // pieces so large come of a transfer, not a talk
  static constexpr size_t kFront = 80 * 1024;  // for what is put before bytes that are passed on
  static constexpr size_t kBack = 64;          // and behind them
  uint8_t front[kFront];                       // directly before plain
  uint8_t plain[kChunk];                       // between two streams of a relay
  uint8_t back[kBack];
  uint8_t head[kFront];               // a head of an HTTP message while it is written
  H2FieldArray fields;                // of a head of HTTP/2
  uint8_t received[kChunk + 3 * 22];  // ciphertext on its way in: as many records
  uint8_t sending[Block::kSize];      // ciphertext on its way out of it
  BlockPool blocks;
  CipherContexts sealing_contexts;
  CipherContexts opening_contexts;
};

enum class Step : uint8_t { Done, Blocked, Failed };

enum class Flow : uint8_t {
  Ok,         // `bytes` > 0 moved
  Blocked,    // nothing now; the owner is posted when that may have changed
  End,        // reading: the peer ended its direction as it should (FIN; under TLS close_notify)
  Truncated,  // reading, under TLS: the transport ended without close_notify
  Failed,     // see error_text()
};

struct FlowResult {
  Flow kind;
  size_t bytes = 0;
};

/// Bytes written are sent at once as far as the socket takes them; the rest waits in the stream,
/// and as long as any waits, nothing more is taken: back-pressure is one chunk deep.
/// OpenSSL points at it. Thread: the socket's loop.
class Stream {
 public:
  explicit Stream(Scratch& scratch);
  ~Stream();
  /// Takes all of it; the other may only be destroyed.
  Stream(Stream&& other) noexcept;
  Stream& operator=(const Stream&) = delete;

  /// Takes a socket over, and bytes that were already read from it.
  void attach(Socket socket, Block received);
  void attach(Socket socket);
  /// From here on TLS. What was sent raw before goes out first. REQUIRES: ssl is not null.
  void start_tls(SslPtr ssl);

  bool open() const { return socket_.open(); }
  bool plain() const { return !ssl_ && !carried_; }
  Socket& socket() { return socket_; }
  const Socket& socket() const { return socket_; }
  /// Null where there is no TLS, and where let_openssl_go() was true.
  SSL* ssl() const { return ssl_.get(); }

  /// Lets the kernel encrypt what is sent once the handshake has made its keys, if it can, and with
  /// Both decrypt what is received.
  /// REQUIRES: start_tls(), and no step of the handshake yet.
  void offer_kernel_tls(KernelTlsUse use);
  bool kernel_tls_offered() const { return kernel_tls_ != KernelTlsUse::None; }
  /// Whether it does. Bytes may then be written past this stream: spliced into the socket.
  bool kernel_encrypts() const { return kernel_encrypts_; }
  /// Whether it does. Bytes may then be read past this stream: spliced out of the socket, as long
  /// as that gives some. What it does not give, be it only the end, read() tells.
  bool kernel_decrypts() const { return kernel_decrypts_; }
  /// REQUIRES: offer_kernel_tls(), and the handshake is done.
  KernelTlsFault why_kernel_does_not_encrypt() const;
  KernelTlsFault why_kernel_does_not_decrypt() const;
  /// Whether the stream failed because the peer asked for new keys, which the kernel cannot change.
  bool asked_for_new_keys() const { return asked_for_new_keys_; }

  /// REQUIRES: start_tls(). On Failed an alert may wait to be flushed. On Done a server's last
  /// flight waits, the tickets: it goes out with what is sent next, or is flushed.
  Step handshake();
  /// Where it can be done, TLS goes on here without OpenSSL, whose SSL is freed. False: it goes on
  /// with it. REQUIRES: the handshake is done, and nothing was read since.
  bool let_openssl_go();
  FlowResult read(MutableBytes into);
  /// Ok may take less than offered where OpenSSL does not encrypt. Blocked takes nothing.
  /// `more`: as Socket::write().
  FlowResult write(Bytes from, bool more = false);
  /// Takes all: what the socket does not, waits here. Done: nothing waits any more. May be called
  /// again while something waits; what waits is then the caller's to bound.
  /// REQUIRES: with what waits already, it fits into a block.
  Step send(Bytes bytes, bool more = false);
  /// Whether the kernel may hold back some of what was sent.
  bool holds_back() const { return holds_back_; }
  void push();
  /// Whether bytes wait here for the socket to take them.
  bool has_unsent() const { return !unsent_.empty() || record_type_ != 0; }
  /// Whether it takes them, as far as is known.
  bool takes_more() const { return socket_.writable(); }
  /// Bytes that go out as they are, before anything else that is not sent yet.
  /// REQUIRES: they fit beside what is waiting (PROXY headers, alerts: the first bytes written).
  void send_raw(Bytes bytes);
  /// Done: nothing waits any more.
  Step flush();
  /// No more writing: close_notify under TLS, then FIN, once all has been flushed. Idempotent.
  Step end_write();
  /// The same without FIN, for those who send it next, by close() or by the socket's
  /// shutdown_write(): until then the kernel may hold it back.
  Step say_goodbye();
  bool write_ended() const { return write_ended_; }

  /// Whether bytes wait here that no edge of the socket will announce.
  bool has_received() const;

  int error() const { return error_; }  // errno of the transport, or 0
  /// The socket failed under somebody who used it directly.
  void fail(int error) { error_ = error; }
  bool transport_ended() const { return transport_ended_; }  // EOF seen below TLS
  std::string error_text() const;
  /// OpenSSL's code of what broke TLS; 0: nothing did.
  unsigned long tls_error_code() const { return tls_error_code_; }

  void close();
  void reset();

 private:
  static int bio_read(BIO* bio, char* into, size_t size, size_t* got);
  static int bio_write(BIO* bio, const char* from, size_t size, size_t* put);
  static long bio_control(BIO* bio, int command, long number, void* pointer);
  static BIO_METHOD* bio_method();

  static void on_message(int write, int version, int type, const void* content, size_t size,
                         SSL* ssl, void* self);
  bool take_keys(const void* parameters, bool sending);
  bool give_keys_to_kernel(Bytes parameters, bool sending);
  KernelTlsFault give_sending_keys(Bytes parameters);
  KernelTlsFault give_receiving_keys(Bytes parameters);
  KernelTlsFault why_never_asked() const;
  bool send_record(uint8_t type, Bytes content);
  bool seals() const;
  IoResult transmit(Bytes bytes);
  Step send_all(Bytes bytes);
  bool put(Bytes bytes);
  bool seal(uint8_t type, Bytes content);
  size_t room_to_send() const;
  void refuse_new_keys();

  size_t take_received(uint8_t* into, size_t size);
  bool receive(MutableBytes into, size_t& got);
  bool received(const IoResult& result, size_t& got);
  size_t take_window(MutableBytes into);
  bool reads_ahead() const;
  bool receive_record(MutableBytes into, size_t& got);
  FlowResult kernel_read(MutableBytes into);
  FlowResult let_openssl_read(uint8_t type, Bytes content);
  void begin_call();
  Step end_call();
  FlowResult tls_read(MutableBytes into);
  void read_ahead();
  int do_handshake();
  bool may_carry() const;
  FlowResult carried_read(MutableBytes into);
  bool carried_waits() const;
  MutableBytes waiting();
  bool take_records(MutableBytes into, size_t& total);
  bool take_record(size_t size, MutableBytes into, size_t& total);
  bool fill_waiting();
  bool renew_keys();
  bool change_own_keys();
  bool break_off(const CarriedTls::Heard& heard);
  FlowResult write_some(Bytes from);
  FlowResult tls_write(Bytes from);
  bool encrypt(Bytes from);
  Step send_close_notify();
  void fail_tls();

  Scratch& scratch_;
  Socket socket_;
  SslPtr ssl_;
  RecordSealer sealer_;                  // has keys: encrypts what is sent, in OpenSSL's stead
  std::unique_ptr<CarriedTls> carried_;  // begun: in the place of ssl_
  Block received_;                       // read from the socket, not yet taken by OpenSSL or read()
  Block unsent_;                         // to be sent before anything else
  Bytes window_;                         // of scratch_.received, within one call
  size_t sending_ = 0;                   // of scratch_.sending, within one call
  int error_ = 0;
  bool read_failed_ = false;
  bool read_dry_ = false;  // what OpenSSL holds is no whole record
  bool transport_ended_ = false;
  bool shutdown_begun_ = false;
  bool write_ended_ = false;
  bool shaking_hands_ = false;  // within handshake()
  KernelTlsUse kernel_tls_ = KernelTlsUse::None;
  KernelTlsFault sending_fault_ = KernelTlsFault::None;  // once OpenSSL had keys for the kernel
  KernelTlsFault receiving_fault_ = KernelTlsFault::None;
  bool kernel_encrypts_ = false;
  bool kernel_decrypts_ = false;
  bool asked_for_new_keys_ = false;
  bool more_ = false;             // within a call: something follows at once
  bool holds_back_ = false;       // the last write said so
  uint8_t next_record_type_ = 0;  // of what OpenSSL writes next through the kernel; 0: data
  uint8_t record_type_ = 0;       // of a record that waits behind unsent_; 0: none
  std::string record_;
  std::string tls_error_;
  unsigned long tls_error_code_ = 0;
};

}  // namespace sallyport
