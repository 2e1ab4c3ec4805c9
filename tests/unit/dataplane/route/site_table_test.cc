#include "dataplane/route/site_table.h"

#include <gtest/gtest.h>

#include "dataplane/route/snapshot.h"

namespace sallyport {
namespace {

TEST(SiteTable, ExactBeforeWildcardBeforeDefault) {
  Site exact, wildcard, rest;
  SiteTable table;
  table.add("a.example.com", exact);
  table.add("*.example.com", wildcard);
  table.add("*", rest);
  struct Row {
    const char* name;
    const Site* site;
    NameMatch match;
  };
  for (const Row& row : {
           Row{"a.example.com", &exact, NameMatch::Exact},
           Row{"b.example.com", &wildcard, NameMatch::Wildcard},
           Row{"x.b.example.com", &rest, NameMatch::Default},  // a wildcard is one label
           Row{"example.com", &rest, NameMatch::Default},
           Row{".example.com", &rest, NameMatch::Default},     // the label is not empty
           Row{"*.example.com", &wildcard, NameMatch::Wildcard},
           Row{"", &rest, NameMatch::Default},
       }) {
    SiteTable::Found found = table.find(row.name);
    EXPECT_EQ(found.site, row.site) << row.name;
    EXPECT_EQ(found.match, row.match) << row.name;
  }
}

TEST(SiteTable, WithoutDefaultTheRestIsRefused) {
  Site exact;
  SiteTable table;
  table.add("a.example.com", exact);
  EXPECT_EQ(table.find("b.example.com").site, nullptr);
  EXPECT_EQ(table.find("").site, nullptr);
  EXPECT_EQ(table.find("").match, NameMatch::None);
}

TEST(SiteTable, TheFirstToClaimAHostKeepsIt) {
  Site first, second;
  SiteTable table;
  for (const char* host : {"a.example.com", "*.example.com", "*"}) {
    table.add(host, first);
    table.add(host, second);
  }
  EXPECT_EQ(table.find("a.example.com").site, &first);
  EXPECT_EQ(table.find("b.example.com").site, &first);
  EXPECT_EQ(table.find("other").site, &first);
}

}  // namespace
}  // namespace sallyport
