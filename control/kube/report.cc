#include "control/kube/report.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "control/kube/annotation_table.h"
#include "dataplane/base/json_object.h"

namespace sallyport::kube {

namespace {

ReportRow row_of(const Finding& finding) {
  ReportRow row;
  row.kind = finding.kind;
  row.object = finding.object;
  row.where = finding.where;
  row.verdict = name(finding.verdict);
  row.severity = name(finding.severity);
  row.code = finding.code;
  row.message = finding.message;
  row.less_secure = finding.less_secure;
  return row;
}

std::string value_at(const Object& object, const std::string& where) {
  if (object.kind() == Kind::ConfigMap) {
    const StringMap& data = object.as<ConfigMap>().data;
    auto found = data.find(where);
    return found == data.end() ? "" : found->second;
  }
  auto found = object.annotations.find(where);
  return found == object.annotations.end() ? "" : found->second;
}

// The annotations and keys of which nothing had to be said.
void add_same(const Object& object, const std::set<std::string>& said, Report& report) {
  auto add = [&](const std::string& key, const std::string& value) {
    if (said.count(key) > 0) return;
    report.rows.push_back({object.kind(), object.name, key, value, "same", "", "", "", false});
  };
  if (object.kind() == Kind::ConfigMap) {
    for (const auto& [key, value] : object.as<ConfigMap>().data) add(key, value);
    return;
  }
  for (const auto& [key, value] : object.annotations) {
    if (!without_prefix(key).empty()) add(key, value);
  }
}

std::string printed(const std::string& value) {
  constexpr size_t kMost = 60;
  std::string line = value.substr(0, kMost);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return value.size() > kMost ? line + "…" : line;
}

}  // namespace

bool Report::less_secure() const {
  return std::any_of(rows.begin(), rows.end(),
                     [](const ReportRow& row) { return row.less_secure; });
}

Report migration_report(const Translator& translator, Problems problems) {
  Report report;
  report.problems = std::move(problems);
  std::map<ObjectKey, std::set<std::string>> said;
  const ObjectStore& store = translator.store();
  for (const Finding& finding : translator.findings()) {
    report.rows.push_back(row_of(finding));
    const Object* object = store.find(finding.kind, finding.object);
    if (object) report.rows.back().value = value_at(*object, finding.where);
    said[{finding.kind, finding.object}].insert(finding.where);
  }
  for (const auto& [name, object] : store.all(Kind::Ingress)) {
    if (translator.is_ours(*object)) {
      add_same(*object, said[{Kind::Ingress, name}], report);
    } else {
      report.not_ours.push_back(name);
    }
  }
  const auto& map = translator.settings().config_map;
  const Object* object = map ? store.find(Kind::ConfigMap, *map) : nullptr;
  if (object) add_same(*object, said[{Kind::ConfigMap, *map}], report);
  std::stable_sort(report.rows.begin(), report.rows.end(),
                   [](const ReportRow& a, const ReportRow& b) {
                     return std::tie(a.kind, a.object, a.where) <
                            std::tie(b.kind, b.object, b.where);
                   });
  return report;
}

std::string report_text(const Report& report) {
  std::string out;
  for (const Problem& problem : report.problems) out += problem.text() + "\n";
  const ReportRow* last = nullptr;
  std::map<std::string, size_t> counts;
  for (const ReportRow& row : report.rows) {
    if (!last || last->object != row.object || last->kind != row.kind) {
      out += std::string(name(row.kind)) + " " + row.object.text() + "\n";
    }
    last = &row;
    ++counts[row.verdict];
    out += "  " + row.where;
    if (!row.value.empty()) out += " (" + printed(row.value) + ")";
    out += ": " + row.verdict;
    if (row.less_secure) out += ", LESS SECURE";
    if (!row.message.empty()) out += ": " + row.message;
    out += "\n";
  }
  for (const ObjectName& name : report.not_ours) {
    out += "Ingress " + name.text() + "\n  is of another class, and left to its controller\n";
  }
  out += std::to_string(counts["same"]) + " same, " + std::to_string(counts["differs"]) +
         " differ, " + std::to_string(counts["not supported"]) + " not supported, " +
         std::to_string(counts["refused"]) + " refused";
  auto less = std::count_if(report.rows.begin(), report.rows.end(),
                            [](const ReportRow& row) { return row.less_secure; });
  return out + (less > 0 ? "; " + std::to_string(less) + " served less securely than before\n"
                         : "; nothing is served less securely than before\n");
}

std::string report_json(const Report& report) {
  std::string out = std::string("{\"less_secure\":") + (report.less_secure() ? "true" : "false") +
                    ",\"rows\":[";
  for (const ReportRow& row : report.rows) {
    if (&row != &report.rows.front()) out += ',';
    JsonObject object(out);
    object.text("kind", name(row.kind));
    object.text("namespace", row.object.space);
    object.text("name", row.object.name);
    object.text("where", row.where);
    object.text("value", row.value);
    object.text("verdict", row.verdict);
    object.text("severity", row.severity);
    object.text("code", row.code);
    object.text("message", row.message);
    object.boolean("less_secure", row.less_secure);
    object.end();
  }
  out += "],\"other_classes\":[";
  for (const ObjectName& name : report.not_ours) {
    if (&name != &report.not_ours.front()) out += ',';
    append_json_string(out, name.text());
  }
  out += "],\"problems\":[";
  for (const Problem& problem : report.problems) {
    if (&problem != &report.problems.front()) out += ',';
    append_json_string(out, problem.text());
  }
  return out + "]}\n";
}

}  // namespace sallyport::kube
