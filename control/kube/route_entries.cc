#include "control/kube/route_entries.h"

#include <algorithm>

#include "control/kube/route_annotations.h"
#include "control/kube/route_backend.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/route_path.h"

namespace sallyport::kube {

namespace {

bool wants_patterns(const IngressRecord& record) {
  return record.notes.use_regex || !record.notes.rewrite_target.empty();
}

// What stands for itself in a template.
std::string as_text_of_template(std::string path) {
  for (size_t at = 0; (at = path.find('$', at)) != std::string::npos;) path.replace(at, 1, "%24");
  return path;
}

class Gathering {
 public:
  explicit Gathering(const HostContext& context) : context_(context) {
    const auto& all = context.input.ingresses;
    patterns_ = std::any_of(all.begin(), all.end(),
                            [](const IngressRecord* record) { return wants_patterns(*record); });
  }

  std::vector<RouteEntry> run() {
    for (const IngressRecord* record : context_.input.ingresses) add_rules(*record);
    for (const IngressRecord* record : context_.input.ingresses) add_default(*record);
    if (compat()) add_slash_redirects();
    for (const IngressRecord* record : context_.input.ingresses) add_app_root(*record);
    return std::move(entries_);
  }

 private:
  bool compat() const { return context_.around.settings.compat; }

  void add_rules(const IngressRecord& record) {
    const auto& rules = record.ingress().rules;
    for (size_t r = 0; r < rules.size(); ++r) {
      auto host = rule_host(rules[r].host);
      if (!host || *host != context_.input.host) continue;
      for (size_t p = 0; p < rules[r].paths.size(); ++p) {
        add_path(record, rules[r].paths[p],
                 "spec.rules[" + std::to_string(r) + "].http.paths[" + std::to_string(p) + "]");
      }
    }
  }

  // For whatever no path of the host is about.
  void add_default(const IngressRecord& record) {
    const auto& backend = record.ingress().default_backend;
    if (!backend) return;
    RouteEntry entry = made(record, "spec.defaultBackend", "/", PathType::Prefix);
    if (taken(entry.route)) {
      // Of several without rules the oldest decides; a host's own / is stronger, as it should be.
      if (record.ingress().rules.empty()) report_taken(entry);
      return;
    }
    apply_annotations(context_, entry);
    if (needs_backend(entry)) choose_default_backend(*backend, entry);
    entries_.push_back(std::move(entry));
  }

  void choose_default_backend(const IngressBackend& backend, RouteEntry& entry) {
    entry.where = "spec.defaultBackend";
    choose_backend(context_, backend, entry);
  }

  static bool needs_backend(const RouteEntry& entry) {
    return !entry.route.redirect && !entry.route.respond;
  }

  RouteEntry made(const IngressRecord& record, std::string where, std::string path,
                  PathType type) {
    RouteEntry entry;
    entry.record = &record;
    entry.where = std::move(where);
    entry.route.path = std::move(path);
    entry.route.path_type = type;
    entry.route.place.source = record.name().text();
    return entry;
  }

  void add_path(const IngressRecord& record, const IngressPath& path, const std::string& where) {
    PathType type = type_of(record, path, where);
    std::string written = path.path.empty() ? "/" : path.path;
    Result<std::string> normal = parse_route_path(written, type, HttpConfig{});
    if (!normal) {
      context_.report(record, where + ".path", Verdict::Refused, Severity::Error, "bad-path",
                      normal.error().message + "; the path is left out");
      return;
    }
    RouteEntry entry = made(record, where, *normal, type);
    if (taken(entry.route)) return report_taken(entry);
    report_surprises(entry, path, written);
    for (const std::string& prefix : context_.around.global.no_redirect) {
      if (written.starts_with(prefix)) entry.may_redirect = false;
    }
    apply_annotations(context_, entry);
    if (needs_backend(entry)) choose_backend(context_, path.backend, entry);
    entries_.push_back(std::move(entry));
  }

  PathType type_of(const IngressRecord& record, const IngressPath& path,
                   const std::string& where) {
    if (compat() && patterns_) return PathType::Regex;
    if (path.type == IngressPathType::Exact) {
      if (patterns_) {
        report_no_pattern(record, where);
      }
      return PathType::Exact;
    }
    if (wants_patterns(record)) return PathType::Regex;
    if (patterns_) report_no_pattern(record, where);
    return PathType::Prefix;
  }

  void report_no_pattern(const IngressRecord& record, const std::string& where) {
    context_.report(record, where + ".pathType", Verdict::Differs, Severity::Note,
                    "regex-of-others",
                    "stays what it says; in ingress-nginx use-regex or rewrite-target of one "
                    "Ingress makes every path of the host a pattern, as compat: ingress-nginx "
                    "does");
  }

  const RouteEntry* holder(const RouteConfig& route) const {
    for (const RouteEntry& entry : entries_) {
      if (entry.route.path == route.path && entry.route.path_type == route.path_type) return &entry;
    }
    return nullptr;
  }
  bool taken(const RouteConfig& route) const { return holder(route) != nullptr; }

  void report_taken(const RouteEntry& entry) {
    const RouteEntry* other = holder(entry.route);
    bool same = other->record == entry.record;
    context_.report(*entry.record, entry.where, Verdict::Refused, Severity::Warning,
                    "duplicate-path",
                    in_quotes(entry.route.path) + " of " + in_quotes(context_.input.host) +
                        (same ? " stands in this Ingress already: the first decides"
                              : " is of " + other->record->name().text() +
                                    ", which is older and decides"));
  }

  void report_surprises(const RouteEntry& entry, const IngressPath& path,
                        const std::string& written) {
    const RouteConfig& route = entry.route;
    bool slash = written.size() > 1 && written.ends_with('/');
    if (route.path_type == PathType::Regex) {
      if (!compat()) {
        context_.report(*entry.record, entry.where + ".path", Verdict::Differs, Severity::Note,
                        "regex-is-prefix",
                        "is a pattern that matches from the beginning of a path, in any case, and "
                        "need not match to its end, as in ingress-nginx: end it with $ if it "
                        "should");
      }
    } else if (path.type == IngressPathType::Prefix && slash && !compat()) {
      context_.report(*entry.record, entry.where + ".path", Verdict::Differs, Severity::Note,
                      "slash-redirect",
                      in_quotes(route.path) + " is served, too, where ingress-nginx redirects it "
                                              "to " + in_quotes(written) + " (301)");
    } else if (path.type == IngressPathType::ImplementationSpecific && written != "/" && !slash) {
      context_.report(*entry.record, entry.where + ".path", Verdict::Differs, Severity::Note,
                      "whole-segments",
                      "covers " + in_quotes(written) + " and what is below, but not " +
                          in_quotes(written + "x") + ", which ingress-nginx' "
                          "ImplementationSpecific does");
    }
  }

  // nginx redirects the path without the slash to a location with it.
  void add_slash_redirects() {
    if (patterns_) return;
    for (const IngressRecord* record : context_.input.ingresses) {
      const auto& rules = record->ingress().rules;
      for (const IngressRule& rule : rules) {
        auto host = rule_host(rule.host);
        if (!host || *host != context_.input.host) continue;
        for (const IngressPath& path : rule.paths) add_slash_redirect(*record, path);
      }
    }
  }

  void add_slash_redirect(const IngressRecord& record, const IngressPath& path) {
    if (path.type == IngressPathType::Exact || path.path.size() < 2) return;
    if (!path.path.ends_with('/')) return;
    auto bare = parse_route_path(path.path, PathType::Prefix, HttpConfig{});
    if (!bare) return;
    RouteEntry entry = made(record, "", *bare, PathType::Exact);
    if (taken(entry.route)) return;
    entry.route.redirect = RedirectConfig{301, as_text_of_template(path.path) + "$is_args$args"};
    entries_.push_back(std::move(entry));
  }

  void add_app_root(const IngressRecord& record) {
    if (record.notes.app_root.empty()) return;
    bool root = std::any_of(entries_.begin(), entries_.end(), [&](const RouteEntry& entry) {
      return entry.record == &record && entry.route.path == "/" &&
             entry.route.path_type != PathType::Exact;
    });
    RouteEntry entry = made(record, "", "/", PathType::Exact);
    if (root && !taken(entry.route)) {
      apply_annotations(context_, entry);
      entry.route = bare_answer(entry.route);
      entry.route.redirect = RedirectConfig{302, record.notes.app_root};
      entry.route.respond.reset();
      entries_.push_back(std::move(entry));
    } else if (!root) {
      context_.report(record, annotation_key(*record.object, "app-root"), Verdict::NotSupported,
                      Severity::Warning, "app-root-without-root",
                      "does nothing for " + in_quotes(context_.input.host) +
                          ", for the Ingress has no path / there");
    }
  }

  const HostContext& context_;
  bool patterns_ = false;  // some Ingress of the host wants its paths to be patterns
  std::vector<RouteEntry> entries_;
};

}  // namespace

std::vector<RouteEntry> route_entries(const HostContext& context) {
  return Gathering(context).run();
}

}  // namespace sallyport::kube
