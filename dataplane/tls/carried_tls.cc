#include "dataplane/tls/carried_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "dataplane/tls/record.h"

namespace sallyport {

namespace {

// RFC 8446 section 6.
constexpr uint8_t kUnexpectedMessage = 10, kRecordOverflow = 22, kIllegalParameter = 47,
                  kDecodeError = 50, kInternalError = 80;
// Records without data that may come one after the other: OpenSSL bears as many empty ones.
constexpr uint8_t kSilentMost = 32;

}  // namespace

void CarriedTls::note(std::string_view label, Bytes secret) {
  if (label == "c ap traffic") reading_.take(secret);
  if (label == "s ap traffic") writing_.take(secret);
}

bool CarriedTls::begin(CipherContexts& contexts, uint16_t cipher) {
  if (!reading_.known() || !writing_.known()) return false;
  cipher_ = cipher;
  return opener_.take_keys(contexts, cipher, reading_);
}

CarriedTls::Next CarriedTls::next(Bytes waiting) {
  // Section 5: after the handshake all records are encrypted, and look like data.
  if (!waiting.empty() && waiting[0] != kDataRecord) return {0, 0, kUnexpectedMessage};
  if (waiting.size() < kRecordHead) return {0, kRecordHead - waiting.size()};
  size_t body = static_cast<size_t>(waiting[3]) << 8 | waiting[4];
  if (body > RecordOpener::kBodyMost) return {0, 0, kRecordOverflow};
  size_t size = kRecordHead + body;
  if (waiting.size() < size) return {0, size - waiting.size()};
  return {size};
}

CarriedTls::Heard CarriedTls::hear(CipherContexts& contexts, MutableBytes record,
                                   MutableBytes to) {
  RecordOpener::Opened inner = opener_.open(contexts, record, to);
  if (inner.alert != 0) return refusal(inner.alert, "a record that is not the peer's, or broken");
  if (begun_ > 0 && inner.type != kHandshakeRecord) {
    return refusal(kUnexpectedMessage, "a record between the pieces of a message");
  }
  if (inner.type == kDataRecord && !inner.content.empty()) {
    silent_ = 0;
    return {Said::Data, inner.content};
  }
  if (++silent_ > kSilentMost) {
    return refusal(kUnexpectedMessage, "the peer sends one record without data after the other");
  }
  switch (inner.type) {
    case kDataRecord: return {Said::Nothing};
    case kAlertRecord: return hear_alert(inner.content);
    case kHandshakeRecord: return hear_handshake(contexts, inner.content);
    default: return refusal(kUnexpectedMessage, "a record of an unexpected type");
  }
}

CarriedTls::Heard CarriedTls::hear_alert(Bytes content) {
  constexpr uint8_t kCloseNotify = 0, kUserCanceled = 90;
  if (content.size() != 2) return refusal(kUnexpectedMessage, "an alert of another size");
  switch (content[1]) {
    case kCloseNotify: ended = true; return {Said::Goodbye};
    case kUserCanceled: return {Said::Nothing};
    default: {
      // All others are fatal, whatever level they say (section 6.2).
      int reason = SSL_AD_REASON_OFFSET + content[1];
      return {Said::Fault, {}, 0, ERR_PACK(ERR_LIB_SSL, 0, reason)};
    }
  }
}

// Section 5.1: a message may come in pieces, which are not empty, and what changes keys ends with
// its record. But for its last byte a KeyUpdate is always the same: of what has come of it, its
// length says all.
CarriedTls::Heard CarriedTls::hear_handshake(CipherContexts& contexts, Bytes content) {
  constexpr size_t kSize = sizeof kKeyUpdateMessage, kAsks = kSize - 1;
  size_t known = std::min(content.size(), kAsks - begun_);
  const uint8_t* expected = kKeyUpdateMessage + begun_;
  size_t same = std::mismatch(expected, expected + known, content.begin()).first - expected;
  if (content.empty() || begun_ + same == 0) {
    return refusal(kUnexpectedMessage, "a message of a handshake after it");
  }
  if (same < known) return refusal(kDecodeError, "a KeyUpdate of another size");
  if (begun_ + content.size() > kSize) {
    return refusal(kUnexpectedMessage, "a KeyUpdate with more in its record");
  }
  begun_ = static_cast<uint8_t>((begun_ + content.size()) % kSize);
  if (begun_ > 0) return {Said::Nothing};
  uint8_t asks = content.back();
  if (asks > 1) return refusal(kIllegalParameter, "a KeyUpdate with an unknown request");
  if (!reading_.advance() || !opener_.take_keys(contexts, cipher_, reading_)) {
    return refusal(kInternalError, "new keys could not be made");
  }
  wants_new_keys |= asks == 1;
  return {Said::Nothing};
}

}  // namespace sallyport
