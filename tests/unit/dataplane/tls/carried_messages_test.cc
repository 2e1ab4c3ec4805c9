// What a client may say that has the keys, one record after the other.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/fuzz/carried_tls_rules.h"

namespace sallyport {
namespace {

using namespace std::string_literals;

/// A connection of its own.
class Talk {
 public:
  /// What was understood. `type` may be 0, and the real one in `content`: then what comes behind
  /// that is padding.
  std::string hear(uint8_t type, const std::string& content) {
    std::vector<uint8_t> record = peer_.seal(type, as_bytes(content));
    CarriedTls::Heard heard = peer_.hear(record, true);
    switch (heard.said) {
      case CarriedTls::Said::Data: return std::string(as_text(heard.data));
      case CarriedTls::Said::Nothing: return "nothing";
      case CarriedTls::Said::Goodbye: return "goodbye";
      case CarriedTls::Said::Fault: break;
    }
    return heard.alert ? "alert " + std::to_string(heard.alert) : "theirs";
  }
  std::string handshake(const std::string& content) { return hear(kHandshakeRecord, content); }
  std::string alert(const std::string& content) { return hear(kAlertRecord, content); }
  std::string data(const std::string& content) { return hear(kDataRecord, content); }
  std::string padded(const std::string& inner) { return hear(0, inner); }

  FuzzedTlsPeer& peer() { return peer_; }

 private:
  FuzzedTlsPeer peer_;
};

std::string update(char asks) { return "\x18\0\0\1"s + asks; }

TEST(CarriedMessages, AKeyUpdateMayComeInPieces) {
  Talk talk;
  for (size_t first : {1, 2, 3, 4}) {
    for (char asks : {'\0', '\1'}) {
      EXPECT_EQ(talk.handshake(update(asks).substr(0, first)), "nothing");
      EXPECT_FALSE(talk.peer().asked_for_new_keys());
      EXPECT_EQ(talk.handshake(update(asks).substr(first)), "nothing");
      EXPECT_EQ(talk.peer().asked_for_new_keys(), asks == 1);
      talk.peer().change_keys();
      EXPECT_EQ(talk.data("with new keys"), "with new keys");
    }
  }
  for (char byte : update(0)) EXPECT_EQ(talk.handshake({byte}), "nothing");
  talk.peer().change_keys();
  EXPECT_EQ(talk.data("with new keys"), "with new keys");
}

// RFC 8446 section 5.1.
TEST(CarriedMessages, NothingComesBetweenThePiecesOfAMessage) {
  const std::pair<uint8_t, std::string> others[] = {
      {kDataRecord, "data"}, {kDataRecord, ""}, {kAlertRecord, "\1\0"s}, {kHandshakeRecord, ""}};
  for (const auto& [type, content] : others) {
    Talk talk;
    EXPECT_EQ(talk.handshake("\x18\0"s), "nothing");
    EXPECT_EQ(talk.hear(type, content), "alert 10") << int{type};
  }
}

TEST(CarriedMessages, AKeyUpdateEndsWithItsRecord) {
  EXPECT_EQ(Talk().handshake(update(0) + update(0)), "alert 10");
  EXPECT_EQ(Talk().handshake(update(0) + "\x18"), "alert 10");
  Talk talk;
  EXPECT_EQ(talk.handshake("\x18"), "nothing");
  EXPECT_EQ(talk.handshake(update(0).substr(1) + update(0)), "alert 10");
}

TEST(CarriedMessages, AKeyUpdateIsAsTheRfcSays) {
  EXPECT_EQ(Talk().handshake(update(2)), "alert 47");
  EXPECT_EQ(Talk().handshake(update(-1)), "alert 47");
  EXPECT_EQ(Talk().handshake("\x18\0\0\0"s), "alert 50");
  EXPECT_EQ(Talk().handshake("\x18\0\0\2\0\0"s), "alert 50");
  EXPECT_EQ(Talk().handshake("\x18\1"s), "alert 50");
}

TEST(CarriedMessages, OtherMessagesAreRefused) {
  for (int other = 0; other < 256; ++other) {
    if (other == kKeyUpdate) continue;
    EXPECT_EQ(Talk().handshake(static_cast<char>(other) + "\0\0\1\0"s), "alert 10") << other;
  }
}

TEST(CarriedMessages, OtherTypesAreRefused) {
  for (int other = 0; other < 256; ++other) {
    if (other >= kAlertRecord && other <= kDataRecord) continue;
    EXPECT_EQ(Talk().hear(static_cast<uint8_t>(other), ""), "alert 10") << other;
    if (other == 0) continue;  // is padding
    EXPECT_EQ(Talk().hear(static_cast<uint8_t>(other), "\1"), "alert 10") << other;
  }
}

// Section 5.4.
TEST(CarriedMessages, MayBePadded) {
  Talk talk;
  EXPECT_EQ(talk.padded("data\x17" + std::string(100, '\0')), "data");
  EXPECT_EQ(talk.padded("\x17"s + std::string(100, '\0')), "nothing");
  EXPECT_EQ(talk.padded(update(0) + "\x16\0\0"s), "nothing");
  talk.peer().change_keys();
  EXPECT_EQ(talk.padded("\1\0\x15\0"s), "goodbye");
  EXPECT_EQ(Talk().padded(std::string(100, '\0')), "alert 10");
}

TEST(CarriedMessages, EmptyOnesAreRefused) {
  EXPECT_EQ(Talk().handshake(""), "alert 10");
  EXPECT_EQ(Talk().alert(""), "alert 10");
  EXPECT_EQ(Talk().padded("\x16\0\0\0"s), "alert 10");
}

// Section 5.2: with its type and padding, of 2^14 + 1 bytes.
TEST(CarriedMessages, HaveTheirLimit) {
  std::string most(kRecordMost, 'x');
  EXPECT_EQ(Talk().data(most), most);
  EXPECT_EQ(Talk().padded(most.substr(1) + '\x17'), most.substr(1));
  EXPECT_EQ(Talk().padded(most + '\x17'), "alert 22");
  EXPECT_EQ(Talk().padded("\x17" + std::string(kRecordMost, '\0')), "alert 22");
  EXPECT_EQ(Talk().data(most + std::string(255 - kRecordTag, 'x')), "alert 22");
}

// Section 6.
TEST(CarriedMessages, AlertsEndTheConnectionWhateverTheirLevel) {
  for (char level : {'\1', '\2', '\0', 'M'}) {
    for (int about = 0; about < 256; ++about) {
      Talk talk;
      std::string understood = talk.alert({level, static_cast<char>(about)});
      EXPECT_EQ(understood, about == 0 ? "goodbye" : about == 90 ? "nothing" : "theirs") << about;
    }
  }
  EXPECT_EQ(Talk().alert("\1"), "alert 10");
  EXPECT_EQ(Talk().alert("\1\0\0"s), "alert 10");
  EXPECT_EQ(Talk().alert("\1\0\1\0"s), "alert 10");
}

TEST(CarriedMessages, SayingNothingHasItsLimit) {
  const std::pair<uint8_t, std::string> nothings[] = {
      {kDataRecord, ""}, {kAlertRecord, "\1\x5a"}, {kHandshakeRecord, update(1)}};
  for (const auto& [type, content] : nothings) {
    Talk talk;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 32; ++i) {
        ASSERT_EQ(talk.hear(type, content), "nothing") << i;
        if (type == kHandshakeRecord) talk.peer().change_keys();
      }
      if (round < 2) {
        EXPECT_EQ(talk.data("x"), "x");
      }
    }
    EXPECT_EQ(talk.hear(type, content), "alert 10");
  }
}

}  // namespace
}  // namespace sallyport
