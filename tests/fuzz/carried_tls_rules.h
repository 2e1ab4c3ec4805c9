// What must hold of TLS 1.3 without OpenSSL, whatever a client says that has the keys.
#pragma once

#include <linux/tls.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/tls/carried_tls.h"
#include "dataplane/tls/record_sealer.h"

namespace sallyport {

/// The client: it seals what it is told to, of whatever type.
class FuzzedTlsPeer {
 public:
  FuzzedTlsPeer() {
    uint8_t secret[32];
    std::fill(std::begin(secret), std::end(secret), uint8_t{7});
    CHECK(secret_.take(secret));
    tls12_crypto_info_aes_gcm_128 any{};
    any.info = {TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128};
    CHECK(sealer_.take_keys(*contexts_, {reinterpret_cast<const uint8_t*>(&any), sizeof any}));
    CHECK(sealer_.take_next_keys(*contexts_, secret_));
    server_.note("c ap traffic", secret);
    server_.note("s ap traffic", secret);
    CHECK(server_.begin(*opening_, TLS_CIPHER_AES_GCM_128));
  }

  std::vector<uint8_t> seal(uint8_t type, Bytes content) {
    std::vector<uint8_t> record(content.size() + RecordSealer::kOverhead);
    CHECK(sealer_.seal(*contexts_, type, content, record.data()) == record.size());
    return record;
  }
  bool asked_for_new_keys() { return std::exchange(server_.wants_new_keys, false); }
  void change_keys() { CHECK(secret_.advance() && sealer_.take_next_keys(*contexts_, secret_)); }
  /// With room for the data beside the record, or without.
  CarriedTls::Heard hear(MutableBytes record, bool room) {
    CarriedTls::Next next = CarriedTls::next(record);
    CHECK(next.size == record.size() && next.alert == 0);
    return server_.hear(*opening_, record, room ? MutableBytes(room_) : MutableBytes());
  }

 private:
  std::unique_ptr<CipherContexts> contexts_ = std::make_unique<CipherContexts>();
  std::unique_ptr<CipherContexts> opening_ = std::make_unique<CipherContexts>();
  BlockPool pool_;
  TrafficSecret secret_;
  RecordSealer sealer_;
  CarriedTls server_{pool_};
  uint8_t room_[512];
};

/// Any bytes in the place of records.
inline void check_record_sizes(Bytes bytes) {
  CarriedTls::Next next = CarriedTls::next(bytes);
  if (next.alert != 0) {
    CHECK(next.size == 0 && !bytes.empty());
  } else if (next.size > 0) {
    CHECK(next.size <= bytes.size() && next.lacks == 0 && bytes[0] == kDataRecord);
  } else {
    CHECK(next.lacks > 0 && next.lacks <= kRecordHead + RecordOpener::kBodyMost);
  }
}

/// RFC 8446 section 5.4: the content ends before its type, behind which are only zeros.
inline bool split_inner(Bytes inner, uint8_t& type, Bytes& content) {
  while (!inner.empty() && inner.back() == 0) inner = inner.first(inner.size() - 1);
  if (inner.empty()) return false;
  type = inner.back();
  content = inner.first(inner.size() - 1);
  return true;
}

inline constexpr std::string_view kKeyUpdateSaid{"\x18\0\0\1\0", 5},
    kKeyUpdateThatAsks{"\x18\0\0\1\1", 5};

/// `script`: of each record its type, what becomes of it on the way, its length and content.
inline void check_carried_tls(Bytes script) {
  using Said = CarriedTls::Said;
  FuzzedTlsPeer peer;
  Reader reader(script);
  uint32_t given = 0, damage = 0;
  Bytes given_content;
  std::string message;  // of a handshake, as far as it has come
  while (reader.u8(given) && reader.u8(damage) && reader.vector(1, given_content)) {
    std::vector<uint8_t> inner(given_content.begin(), given_content.end());
    inner.push_back(static_cast<uint8_t>(given));
    uint8_t type = 0;
    Bytes content;
    bool whole = split_inner(inner, type, content);
    std::vector<uint8_t> record = peer.seal(static_cast<uint8_t>(given), given_content);
    bool damaged = damage >= 0x80;
    if (damaged) record[kRecordHead + damage % (record.size() - kRecordHead)] ^= 1;
    CarriedTls::Heard heard = peer.hear(record, (damage & 0x40) != 0);
    if (damaged) {
      constexpr uint8_t kBadRecordMac = 20;
      CHECK(heard.said == Said::Fault && heard.alert == kBadRecordMac && heard.data.empty());
      return;
    }
    bool amid = !message.empty();
    bool handshake = whole && type == kHandshakeRecord && !content.empty();
    if (handshake) message += as_text(content);
    bool asks = message == kKeyUpdateThatAsks, update = asks || message == kKeyUpdateSaid;
    CHECK(peer.asked_for_new_keys() == (asks && heard.said == Said::Nothing));
    // Nothing comes between the pieces of a message.
    if (amid && !handshake) CHECK(heard.said == Said::Fault);
    switch (heard.said) {
      case Said::Data:
        CHECK(type == kDataRecord && !content.empty() && std::ranges::equal(heard.data, content));
        break;
      case Said::Nothing:
        CHECK((type == kDataRecord && content.empty()) ||
              (handshake && (update || kKeyUpdateSaid.starts_with(message))) ||
              (type == kAlertRecord && content.size() == 2));
        break;
      case Said::Goodbye: CHECK(type == kAlertRecord && content.size() == 2 && !content[1]); return;
      case Said::Fault:
        // Of data it is none, and it is told why.
        CHECK(type != kDataRecord || content.empty() || amid);
        CHECK(heard.fault || heard.code);
        return;
    }
    if (!update) continue;
    peer.change_keys();
    message.clear();
  }
}

}  // namespace sallyport
