#include "dataplane/wire/h1_body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/fuzz/h1_body_rules.h"

namespace sallyport {
namespace {

using State = H1BodyDecoder::State;

constexpr size_t kMost = 32;

// Decodes in place, as the relay does.
struct Buffer {
  explicit Buffer(std::string text) : bytes(std::move(text)) {}
  H1BodyDecoder::Result decode(H1BodyDecoder& decoder) {
    return decoder.decode({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  }
  std::string bytes;
};

TEST(H1Body, OfALengthEndsThereAndIsNotMoved) {
  H1BodyDecoder decoder;
  decoder.begin(BodyKind::Length, 8, kMost);
  Buffer first("hello"), second("123GET");
  auto result = first.decode(decoder);
  EXPECT_EQ(result.state, State::More);
  EXPECT_EQ(result.used, 5u);
  EXPECT_EQ(result.produced, 5u);
  EXPECT_FALSE(decoder.ends_here());
  result = second.decode(decoder);
  EXPECT_EQ(result.state, State::End);
  EXPECT_EQ(result.used, 3u);
  EXPECT_EQ(result.produced, 3u);
  EXPECT_EQ(second.bytes, "123GET");
  EXPECT_TRUE(decoder.ended());
  EXPECT_TRUE(decoder.ends_here());
  result = second.decode(decoder);
  EXPECT_EQ(result.state, State::End);
  EXPECT_EQ(result.used, 0u);
}

TEST(H1Body, OfALengthKnowsWhatIsLeftAndMayPassAnotherWay) {
  H1BodyDecoder decoder;
  decoder.begin(BodyKind::Length, 8, kMost);
  EXPECT_EQ(decoder.left(), 8u);
  Buffer first("he"), last("3GET");
  first.decode(decoder);
  EXPECT_EQ(decoder.left(), 6u);
  decoder.passed(5);
  EXPECT_EQ(decoder.left(), 1u);
  auto result = last.decode(decoder);
  EXPECT_EQ(result.state, State::End);
  EXPECT_EQ(result.used, 1u);
  EXPECT_EQ(decoder.left(), 0u);

  decoder.begin(BodyKind::Length, 8, kMost);
  decoder.passed(8);
  EXPECT_TRUE(decoder.ended());
  EXPECT_TRUE(decoder.ends_here());
}

TEST(H1Body, OfNoLengthThatIsKnownHasNothingLeft) {
  for (BodyKind kind : {BodyKind::None, BodyKind::Chunked, BodyKind::UntilClose}) {
    H1BodyDecoder decoder;
    decoder.begin(kind, 0, kMost);
    Buffer first("5\r\nhel");
    first.decode(decoder);
    EXPECT_EQ(decoder.left(), 0u);
  }
}

TEST(H1Body, OfNoBytesHasEndedAtOnce) {
  for (BodyKind kind : {BodyKind::None, BodyKind::Length}) {
    H1BodyDecoder decoder;
    decoder.begin(kind, 0, kMost);
    EXPECT_TRUE(decoder.ended());
    EXPECT_TRUE(decoder.ends_here());
    Buffer next("GET");
    auto result = next.decode(decoder);
    EXPECT_EQ(result.state, State::End);
    EXPECT_EQ(result.used, 0u);
  }
}

TEST(H1Body, UntilTheEndEndsAnywhere) {
  H1BodyDecoder decoder;
  decoder.begin(BodyKind::UntilClose, 0, kMost);
  EXPECT_TRUE(decoder.ends_here());
  Buffer some("0\r\n\r\n");
  auto result = some.decode(decoder);
  EXPECT_EQ(result.state, State::More);
  EXPECT_EQ(result.used, 5u);
  EXPECT_EQ(result.produced, 5u);
  EXPECT_FALSE(decoder.ended());
  EXPECT_TRUE(decoder.ends_here());
}

TEST(H1Body, InChunksIsPackedInPlace) {
  H1BodyDecoder decoder;
  decoder.begin(BodyKind::Chunked, 0, kMost);
  Buffer all("5;a=\"b;c\"\r\nhello\r\n1\r\n,\r\n06\r\n world\r\n000\r\nX: y\r\nZ:\r\n\r\nGET");
  auto result = all.decode(decoder);
  EXPECT_EQ(result.state, State::End);
  EXPECT_EQ(result.used, all.bytes.size() - 3);
  EXPECT_EQ(all.bytes.substr(0, result.produced), "hello, world");
  ASSERT_EQ(decoder.trailers().size(), 2u);
  EXPECT_EQ(decoder.trailers().all()[0].name, "X");
  EXPECT_EQ(decoder.trailers().all()[0].value, "y");
  EXPECT_EQ(decoder.trailers().all()[1].value, "");
  decoder.begin(BodyKind::Chunked, 0, kMost);
  EXPECT_EQ(decoder.trailers().size(), 0u);
}

TEST(H1Body, InChunksIsNotEndedBeforeItsLastByte) {
  const std::string all = "5\r\nhello\r\n0\r\nX: y\r\n\r\n";
  for (size_t size = 0; size < all.size(); ++size) {
    H1BodyDecoder decoder;
    decoder.begin(BodyKind::Chunked, 0, kMost);
    Buffer part(all.substr(0, size));
    EXPECT_EQ(part.decode(decoder).state, State::More);
    EXPECT_FALSE(decoder.ended());
    EXPECT_FALSE(decoder.ends_here());
  }
}

TEST(H1Body, IsDecodedByTheDecoderOfTheOneBefore) {
  H1BodyDecoder decoder;
  for (const char* trailers : {"X: y\r\nZ: z\r\n", "", "A:\r\n"}) {
    decoder.begin(BodyKind::Chunked, 0, kMost);
    std::string framed = "2\r\nab\r\n0\r\n" + std::string(trailers) + "\r\n";
    Buffer all(framed);
    auto result = all.decode(decoder);
    EXPECT_EQ(result.state, State::End);
    EXPECT_EQ(result.used, framed.size());
    std::string expected = trailers;
    EXPECT_EQ(decoder.trailers().size(), std::count(expected.begin(), expected.end(), '\n'));
  }
}

TEST(H1Body, StaysRefused) {
  H1BodyDecoder decoder;
  decoder.begin(BodyKind::Chunked, 0, kMost);
  Buffer bad("2\r\nab\r\nx"), good("0\r\n\r\n");
  auto result = bad.decode(decoder);
  EXPECT_EQ(result.state, State::Refused);
  EXPECT_EQ(result.fault, H1Fault::BadChunkSize);
  EXPECT_EQ(bad.bytes.substr(0, result.produced), "ab");
  result = good.decode(decoder);
  EXPECT_EQ(result.state, State::Refused);
  EXPECT_EQ(result.fault, H1Fault::BadChunkSize);
  EXPECT_EQ(result.produced, 0u);
  EXPECT_FALSE(decoder.ended());
  decoder.begin(BodyKind::Chunked, 0, kMost);
  EXPECT_EQ(good.decode(decoder).state, State::End);
}

TEST(H1Body, HasALimitForTrailersAndForTheExtensionsOfEachChunk) {
  struct {
    std::string bytes;
    H1Fault fault;
  } cases[] = {
      {"1;" + std::string(kMost - 1, 'x') + "\r\ny\r\n0\r\n\r\n", H1Fault::None},
      {"1;" + std::string(kMost, 'x') + "\r\ny\r\n0\r\n\r\n", H1Fault::BadChunkExtension},
      {"1;" + std::string(20, 'x') + "\r\ny\r\n0;" + std::string(20, 'x') + "\r\n\r\n",
       H1Fault::None},
      {"0\r\nX: " + std::string(kMost - 7, 'x') + "\r\n\r\n", H1Fault::None},
      {"0\r\nX: " + std::string(kMost - 6, 'x') + "\r\n\r\n", H1Fault::HeadTooLarge},
      {"0\r\nX: " + std::string(kMost * 9, 'x'), H1Fault::HeadTooLarge},
  };
  for (const auto& sample : cases) {
    SCOPED_TRACE(sample.bytes);
    for (const Segments& segments : {whole(), one_byte_each(), mixed(3)}) {
      EXPECT_EQ(h1_rules::decode(as_bytes(sample.bytes), kMost, segments).fault, sample.fault);
    }
  }
  std::string many = "0\r\n";
  for (size_t i = 0; i <= FieldList::kMost; ++i) many += "X:\r\n";
  EXPECT_EQ(h1_rules::decode(as_bytes(many + "\r\n"), 4096, whole()).fault,
            H1Fault::TooManyFields);
}

TEST(H1Body, TakesSizesUpToTheLargestAndNoLarger) {
  struct {
    const char* size;
    bool taken;
  } cases[] = {{"7fffffffffffffff", true},   {"7FFFFFFFFFFFFFFF", true},
               {"8000000000000000", false},  {"ffffffffffffffff", false},
               {"10000000000000000", false}, {"0000000000000001", true},
               {"00000000000000001", false}};
  for (const auto& sample : cases) {
    std::string bytes = std::string(sample.size) + "\r\nx";
    h1_rules::Decoded decoded = h1_rules::decode(as_bytes(bytes), kMost, one_byte_each());
    EXPECT_EQ(decoded.fault, sample.taken ? H1Fault::None : H1Fault::BadChunkSize) << sample.size;
    EXPECT_EQ(decoded.body, sample.taken ? "x" : "");
  }
}

TEST(Chunk, IsFramedInPlace) {
  struct {
    size_t size;
    const char* front;
  } cases[] = {{1, "1\r\n"}, {15, "f\r\n"}, {16, "10\r\n"}, {16384, "4000\r\n"},
               {SIZE_MAX, "ffffffffffffffff\r\n"}};
  for (const auto& sample : cases) {
    uint8_t room[kChunkFront + kChunkBack];
    size_t front = put_chunk_front(room + kChunkFront, sample.size);
    EXPECT_EQ(as_text({room + kChunkFront - front, front}), sample.front);
    put_chunk_back(room + kChunkFront);
    EXPECT_EQ(as_text({room + kChunkFront, kChunkBack}), "\r\n");
  }
  for (const char* body : {"", "a", "hello"}) check_h1_chunked(as_bytes(body));
}

}  // namespace
}  // namespace sallyport
