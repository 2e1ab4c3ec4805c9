#include "dataplane/model/text_template.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using Piece = TextTemplate::Piece;
using Words = TextTemplate::Words;

TEST(TextTemplate, IsTextWithPlaces) {
  auto made = TextTemplate::parse("/a/$2/b$1", 2, Words::None);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->pieces(), (std::vector<Piece>{{Piece::Kind::Text, 0, "/a/"},
                                                {Piece::Kind::Group, 2},
                                                {Piece::Kind::Text, 0, "/b"},
                                                {Piece::Kind::Group, 1}}));
  EXPECT_TRUE(made->has(Piece::Kind::Group));
  EXPECT_FALSE(made->has(Piece::Kind::Host));
  EXPECT_TRUE(TextTemplate::parse("", 0, Words::None)->pieces().empty());
  // "$10" is the first group and a nought, as in nginx.
  made = TextTemplate::parse("$10", 1, Words::None);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->pieces(), (std::vector<Piece>{{Piece::Kind::Group, 1},
                                                {Piece::Kind::Text, 0, "0"}}));
}

TEST(TextTemplate, KnowsWordsWhereThereIsARequest) {
  auto made = TextTemplate::parse("https://$host$request_uri", 0, Words::OfRequest);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->pieces(), (std::vector<Piece>{{Piece::Kind::Text, 0, "https://"},
                                                {Piece::Kind::Host},
                                                {Piece::Kind::RequestUri}}));
}

TEST(TextTemplate, SaysWhatMeansNothing) {
  struct Row {
    const char* text;
    size_t groups;
    Words words;
    const char* part;
  };
  for (const Row& row : {
           Row{"/$1", 0, Words::None, "only the pattern of a Regex route has groups"},
           Row{"/$3", 2, Words::None, "\"$3\" means nothing, for the pattern has 2 groups"},
           Row{"/$2", 1, Words::None, "has 1 group"},
           Row{"/$0", 9, Words::None, "\"$\" means nothing here: write $1 to $9"},
           Row{"/$host", 0, Words::None, "\"$host\" means nothing here"},
           Row{"/$", 0, Words::None, "or %24"},
           Row{"https://$hosts/", 0, Words::OfRequest, "\"$hosts\" means nothing here"},
           Row{"https://$http_host", 0, Words::OfRequest, "$host, $request_uri"},
       }) {
    auto made = TextTemplate::parse(row.text, row.groups, row.words);
    ASSERT_FALSE(made.ok()) << row.text;
    EXPECT_NE(made.error().message.find(row.part), std::string::npos)
        << row.text << ": " << made.error().message;
  }
}

}  // namespace
}  // namespace sallyport
