// What must hold of a rewritten path and of a redirect's target, for any path that a request can
// have, whatever the pattern and the template are.
#pragma once

#include <string>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/route/path_rewrite.h"
#include "dataplane/wire/http_char.h"
#include "tests/fuzz/uri_path_rules.h"

namespace sallyport {
namespace path_rewrite_rules {

constexpr const char* kPatterns[] = {"/(.*)", "/a(.*)", "/(a|b)?(.*)/(.*)", "/something(/|$)(.*)",
                                     "/([^/]*)/?(.*)", "/(.)(.*)(.)"};
constexpr const char* kRewrites[] = {"/$1", "$1", "/x/$1/y", "/$1$1", "/fix.$1", "/q?p=$1&x=",
                                     "/deep/er$1"};
constexpr const char* kTargets[] = {"/$1", "/$1/x", "https://other.test/$1", "/x$1"};

inline Route route(const char* pattern, const char* rewrite, const char* target) {
  RouteConfig config;
  config.path = std::string(pattern);
  config.path_type = PathType::Regex;
  config.rewrite = rewrite;
  config.redirect.emplace().to = target;
  Route made;
  made.path = pattern;
  made.type = config.path_type;
  made.pattern = *PathPattern::compile(pattern);
  made.treatment = RouteTreatment::make(config);
  return made;
}

inline void check_rewrite(const Route& route, const std::string& path, std::string_view query) {
  BlockPool blocks;
  Block room(blocks);
  std::string_view shown;
  if (rewrite_path(route, path, query, room, shown) != RewriteStatus::Ok) return;
  size_t mark = std::min(shown.find('?'), shown.size());
  uri_path_rules::check_normal(std::string(shown.substr(0, mark)), EncodedSlash::Keep);
  CHECK(all_chars(kTargetChar, shown));
  if (!query.empty()) CHECK(shown.ends_with(query.substr(1)));
}

// A client is sent to the host that the configuration names, or to ours: never to its own choice.
inline void check_redirect(const Route& route, const std::string& path) {
  PathPattern::Groups groups;
  if (!route.pattern->match(path, groups)) return;
  std::vector<uint8_t> room(10 * path.size() + 100);
  H1Writer out(room);
  write_template(out, route.treatment->redirect_to, {groups, "host.test", path, {}});
  CHECK(!out.overflown());
  std::string_view to = as_text(out.written());
  CHECK(all_chars(kTargetChar, to));
  bool ours = to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\");
  CHECK(ours || to.starts_with("https://other.test/"));
}

}  // namespace path_rewrite_rules

/// The first two bytes choose pattern and template; the rest is a path with a query.
inline void check_path_rewrite(std::string_view input) {
  using namespace path_rewrite_rules;
  if (input.size() < 3 || input[2] != '/') return;
  size_t mark = std::min(input.find('?', 2), input.size());
  auto normal = uri_path_rules::normal(input.substr(2, mark - 2), EncodedSlash::Keep);
  std::string_view query = input.substr(mark);
  if (normal.status != PathStatus::Ok || !all_chars(kTargetChar, query)) return;
  auto choose = [](char c, const auto& from) {
    return from[static_cast<uint8_t>(c) % std::size(from)];
  };
  Route made = route(choose(input[0], kPatterns), choose(input[1], kRewrites),
                     choose(input[1], kTargets));
  check_rewrite(made, normal.path, query);
  check_redirect(made, normal.path);
}

}  // namespace sallyport
