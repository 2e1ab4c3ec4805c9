#include "dataplane/route/path_table.h"

#include <gtest/gtest.h>

#include "dataplane/route/snapshot.h"

namespace sallyport {
namespace {

TEST(PathTable, ExactBeforeTheLongestPrefixOfWholeSegments) {
  Route root, a, a_b, a_exact, a_slash_exact, long_one;
  PathTable table;
  table.add("/", PathType::Prefix, root);
  table.add("/a", PathType::Prefix, a);
  table.add("/a/b", PathType::Prefix, a_b);
  table.add("/a/x", PathType::Exact, a_exact);
  table.add("/a/y/", PathType::Exact, a_slash_exact);
  table.add("/one/two/three/", PathType::Prefix, long_one);
  struct Row {
    const char* path;
    const Route* route;
  };
  for (const Row& row : {
           Row{"/", &root},
           Row{"/b", &root},
           Row{"/ab", &root},               // no whole segment
           Row{"/a", &a},
           Row{"/a/", &a},
           Row{"/a/bc", &a},
           Row{"/a/b", &a_b},
           Row{"/a/b/", &a_b},
           Row{"/a/b/c/d", &a_b},
           Row{"/a/x", &a_exact},
           Row{"/a/x/", &a},                // Exact is exact
           Row{"/a/x/y", &a},
           Row{"/a/y/", &a_slash_exact},
           Row{"/a/y", &a},
           Row{"/A", &root},                // paths have case
           Row{"/one/two/three", &long_one},
           Row{"/one/two/three/four", &long_one},
           Row{"/one/two", &root},
           Row{"/a%2Fb", &root},            // an encoded slash ends no segment
       }) {
    EXPECT_EQ(table.find(row.path), row.route) << row.path;
  }
}

TEST(PathTable, PatternsBehindExactAndTheLongestFirst) {
  Route root, a, exact, any, two_letters, other_two, numbers;
  PathTable table;
  table.add("/", PathType::Prefix, root);
  table.add("/a", PathType::Prefix, a);
  table.add("/a/Exact", PathType::Exact, exact);
  table.add_pattern(*PathPattern::compile("/a/.*"), any);
  table.add_pattern(*PathPattern::compile("/a/[a-z]{2}"), two_letters);
  table.add_pattern(*PathPattern::compile("/a/[a-m]{2}"), other_two);  // as long: later
  table.add_pattern(*PathPattern::compile("/a/[0-9]+/x"), numbers);
  struct Row {
    const char* path;
    const Route* route;
  };
  for (const Row& row : {
           Row{"/", &root},
           Row{"/a", &a},
           Row{"/a/", &any},
           Row{"/a/Exact", &exact},
           Row{"/a/exact", &two_letters},
           Row{"/a/aa", &two_letters},
           Row{"/a/1", &any},
           Row{"/a/12/x/y", &numbers},
           Row{"/A/12/X", &numbers},
           Row{"/b/a/1", &root},
       }) {
    EXPECT_EQ(table.find(row.path), row.route) << row.path;
  }
}

TEST(PathTable, WithoutARootTheRestMeansNoRoute) {
  Route a, b;
  PathTable table;
  EXPECT_EQ(table.find("/"), nullptr);
  table.add("/a", PathType::Prefix, a);
  table.add("/b", PathType::Exact, b);
  EXPECT_EQ(table.find("/"), nullptr);
  EXPECT_EQ(table.find("/b/c"), nullptr);
  EXPECT_EQ(table.find("/b"), &b);
  EXPECT_EQ(table.find("/a/b"), &a);
}

TEST(PathTable, TheFirstToClaimAPathKeepsIt) {
  Route first, second;
  PathTable table;
  for (PathType type : {PathType::Prefix, PathType::Exact}) {
    table.add("/a", type, first);
    table.add("/a", type, second);
  }
  table.add("/", PathType::Prefix, second);
  table.add("/", PathType::Prefix, first);
  EXPECT_EQ(table.find("/a"), &first);
  EXPECT_EQ(table.find("/a/b"), &first);
  EXPECT_EQ(table.find("/"), &second);
}

}  // namespace
}  // namespace sallyport
