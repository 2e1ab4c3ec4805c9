#include "dataplane/wire/h1_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sallyport {
namespace {

TEST(H1Writer, WritesToTheByte) {
  std::array<uint8_t, 200> room;
  H1Writer writer(room);
  writer.status_line(404, reason_phrase(404));
  writer.field("Content-Length", uint64_t{0});
  writer.field("X-Most", UINT64_MAX);
  writer.field("X-Empty", "");
  writer.put(std::string_view());
  writer.put('\r');
  writer.put("\n");
  EXPECT_EQ(as_text(writer.written()),
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-Most: 18446744073709551615\r\n"
            "X-Empty: \r\n\r\n");
  EXPECT_FALSE(writer.overflown());
}

TEST(H1Writer, WritesNothingMoreOnceSomethingDidNotFit) {
  std::array<uint8_t, 8> room;
  H1Writer writer(room);
  writer.put("123456");
  writer.put("78");
  EXPECT_FALSE(writer.overflown());
  EXPECT_EQ(writer.size(), 8u);
  writer.put("");
  EXPECT_FALSE(writer.overflown());
  writer.put("9");
  EXPECT_TRUE(writer.overflown());

  H1Writer other(room);
  other.put("1234567");
  other.put("too long");
  other.put('8');
  EXPECT_TRUE(other.overflown());
  EXPECT_EQ(as_text(other.written()), "1234567");
}

TEST(H1Writer, KnowsTheReasonsOfStatuses) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(421), "Misdirected Request");
  EXPECT_EQ(reason_phrase(299), "");
  std::array<uint8_t, 40> room;
  H1Writer writer(room);
  writer.status_line(299, reason_phrase(299));
  EXPECT_EQ(as_text(writer.written()), "HTTP/1.1 299 \r\n");
}

}  // namespace
}  // namespace sallyport
