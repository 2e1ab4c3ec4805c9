// TLS 1.3 with a client after the handshake, without OpenSSL's connection.
#pragma once

#include <string>

#include "dataplane/base/block.h"
#include "dataplane/tls/record_opener.h"
#include "dataplane/tls/traffic_secret.h"

namespace sallyport {

/// What OpenSSL keeps of a connection after its handshake is more than 13 KiB, most of which only a
/// handshake needs. This is what the connection needs: both secrets, the keys to read with, and
/// what a server has to understand beside data, which is alerts and KeyUpdates (RFC 8446 sections
/// 4.6.3 and 6). Anything else is refused.
class CarriedTls {
 public:
  explicit CarriedTls(BlockPool& pool) : opened(pool) {}

  /// While OpenSSL shakes hands: a secret that has been derived, by its label of RFC 8446 section
  /// 7.1. What is not of use here is passed over.
  void note(std::string_view label, Bytes secret);
  /// Makes the keys. False: that cannot be, and OpenSSL has to go on.
  bool begin(CipherContexts& contexts, uint16_t cipher);
  bool begun() const { return opener_.has_keys(); }

  /// The record that `waiting` begins with.
  struct Next {
    size_t size = 0;    // once it has come whole; else 0
    size_t lacks = 0;   // until more can be said of it
    uint8_t alert = 0;  // it must not come at all
  };
  static Next next(Bytes waiting);

  enum class Said : uint8_t {
    Data,
    Nothing,
    Goodbye,  // nothing comes after it
    Fault,    // see the rest of Heard
  };
  struct Heard {
    Said said;
    MutableBytes data = {};       // Data
    uint8_t alert = 0;            // Fault: to be sent; 0: it was the peer's
    unsigned long code = 0;       // OpenSSL's for the same, or 0
    const char* fault = nullptr;  // in words, where there is no code
  };
  /// Data lies in `to` if that has room for the record, else in that. REQUIRES: begun(), and a
  /// record of the size that next() says, which does not overlap with `to`.
  Heard hear(CipherContexts& contexts, MutableBytes record, MutableBytes to = {});
  static Heard refusal(uint8_t alert, const char* fault) {
    return {Said::Fault, {}, alert, 0, fault};
  }

  static constexpr uint8_t kKeyUpdateMessage[] = {24, 0, 0, 1, 0};
  TrafficSecret& writing() { return writing_; }
  uint16_t cipher() const { return cipher_; }

  Block opened;                // data that the reader had no room for
  bool ended = false;          // the peer has said Goodbye
  bool wants_new_keys = false; // of us, too: after kKeyUpdateMessage, before we send more data

 private:
  Heard hear_alert(Bytes content);
  Heard hear_handshake(CipherContexts& contexts, Bytes content);

  TrafficSecret reading_, writing_;
  RecordOpener opener_;
  uint16_t cipher_ = 0;
  uint8_t silent_ = 0;  // records without data, one after the other
  uint8_t begun_ = 0;   // bytes of a KeyUpdate, whose others come with the next record
};

}  // namespace sallyport
