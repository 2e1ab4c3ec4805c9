#include "control/ca_overlap.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using Data = CaOverlap::Data;

Data data(const std::string& ca, const std::string& crl = "") {
  SecretData made;
  made.ca_crt = ca;
  made.ca_crl = crl;
  return std::make_shared<const SecretData>(std::move(made));
}

Instant at(int seconds) { return Instant(Seconds(seconds)); }

class CaOverlapTest : public testing::Test {
 protected:
  std::string becomes(const Data& was, const Data& is, int seconds, int overlap = 10) {
    Data now = overlap_.effective("partners", was, is, Seconds(overlap), at(seconds));
    overlap_.commit();
    crl_ = now->ca_crl;
    return now->ca_crt;
  }

  std::vector<std::string> ended(Instant now, int overlap = 10) const {
    return overlap_.ended(now, [&](const std::string&) { return Seconds(overlap); });
  }

  CaOverlap overlap_;
  std::string crl_;
  Data a_ = data("A", "list of A"), b_ = data("B", "list of B"), c_ = data("C"), none_ = data("");
};

TEST_F(CaOverlapTest, TheOldOneStaysForItsTimeWithTheNewList) {
  EXPECT_EQ(becomes(nullptr, a_, 0), "A");
  EXPECT_EQ(becomes(a_, b_, 5), "B\nA");
  EXPECT_EQ(crl_, "list of B");
  EXPECT_TRUE(ended(at(14)).empty());
  EXPECT_EQ(ended(at(15)), std::vector<std::string>{"partners"});
  EXPECT_EQ(becomes(b_, b_, 15), "B");
  EXPECT_TRUE(ended(at(100)).empty());
}

TEST_F(CaOverlapTest, OtherChangesOfTheSecretDoNotEndIt) {
  becomes(a_, b_, 0);
  EXPECT_EQ(becomes(b_, data("B", "another list"), 3), "B\nA");
  EXPECT_EQ(becomes(b_, c_, 4), "C\nA\nB");
  EXPECT_EQ(becomes(c_, c_, 10), "C\nB");
}

// Whoever takes it back wants nobody of the old one in any more.
TEST_F(CaOverlapTest, WithoutAnOverlapAnEarlierOneEnds) {
  becomes(a_, b_, 0);
  EXPECT_TRUE(ended(at(1)).empty());
  EXPECT_EQ(ended(at(1), 0), std::vector<std::string>{"partners"});
  EXPECT_EQ(becomes(b_, b_, 1, 0), "B");
  EXPECT_TRUE(ended(at(100), 0).empty());
}

TEST_F(CaOverlapTest, ASecretThatGoesTakesItAlong) {
  becomes(a_, b_, 0);
  overlap_.forget("partners");
  overlap_.rollback();
  EXPECT_EQ(becomes(b_, b_, 1), "B\nA");
  overlap_.forget("partners");
  overlap_.commit();
  EXPECT_TRUE(ended(at(100)).empty());
  EXPECT_EQ(becomes(nullptr, b_, 2), "B");
}

TEST_F(CaOverlapTest, OneThatComesBackIsThereOnce) {
  becomes(a_, b_, 0);
  EXPECT_EQ(becomes(b_, a_, 1), "A\nB");
  EXPECT_EQ(becomes(a_, b_, 2), "B\nA");
  EXPECT_EQ(becomes(b_, b_, 11), "B\nA");  // from the second time on
  EXPECT_EQ(becomes(b_, b_, 12), "B");
}

TEST_F(CaOverlapTest, EmptiedTrustsNobody) {
  becomes(a_, b_, 0);
  EXPECT_EQ(becomes(b_, none_, 1), "");
  EXPECT_EQ(becomes(none_, c_, 2), "C");  // and forgets who was
}

TEST_F(CaOverlapTest, WithoutOverlapTheOldOneIsGoneAtOnce) {
  EXPECT_EQ(becomes(a_, b_, 0, 0), "B");
}

TEST_F(CaOverlapTest, WhatWasNotAppliedIsNotRemembered) {
  overlap_.effective("partners", a_, b_, Seconds(10), at(0));
  overlap_.rollback();
  EXPECT_TRUE(ended(at(100)).empty());
  EXPECT_EQ(becomes(a_, a_, 1), "A");
}

}  // namespace
}  // namespace sallyport
