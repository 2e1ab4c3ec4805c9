#include "control/kube/annotation_table.h"

#include <algorithm>

#include "dataplane/model/complain.h"

namespace sallyport::kube {

namespace {

constexpr std::string_view kTheirs = "nginx.ingress.kubernetes.io/";
constexpr std::string_view kOurs = "sallyport.dev/";

bool covers(const AnnotationRow& row, std::string_view name) {
  std::string_view pattern = row.name;
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  // A misspelt auth-tls-... is not a detail of auth-url.
  return name.starts_with(pattern) && !(pattern == "auth-" && name.starts_with("auth-tls-"));
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const AnnotationRow& row : annotation_rows()) {
    if (std::string_view(row.name).find('*') == std::string_view::npos) names.push_back(row.name);
  }
  return names;
}

std::string unknown(std::string_view name) {
  static const std::vector<std::string> names = known_names();
  std::string text = "is no annotation that is known here, and does nothing";
  std::string near = nearest(name, names);
  return near.empty() ? text + ": leave it out" : text + ": did you mean " + near + "?";
}

void read_one(const AnnotationRow& row, const AnnotationReader& reader) {
  if (row.read) {
    row.read(reader);
    if (row.always && !reader.notes().dropped) {
      reader.report(Verdict::Differs, Severity::Note, "differs", row.note);
    }
    return;
  }
  if (reader.value() == row.idle && row.idle[0] != '\0') return;
  bool guards = row.loss != Loss::Feature;
  std::string message = std::string("is not supported (") + row.meaning + "): " + row.note;
  if (row.loss == Loss::Lock) {
    if (reader.notes().locked_by.empty()) reader.notes().locked_by = row.name;
    message = std::string("is not supported (") + row.meaning +
              "), and nothing is served without it but a 503: " + row.note;
  }
  reader.report(row.loss == Loss::Lock ? Verdict::Refused : Verdict::NotSupported,
                guards ? Severity::Error : Severity::Warning, "not-supported", std::move(message),
                row.loss == Loss::Protection);
}

// Whether the other prefix decides instead of this one.
bool overruled(const Object& ingress, std::string_view key, std::string_view name) {
  return key.starts_with(kTheirs) &&
         ingress.annotations.find(std::string(kOurs) + std::string(name)) !=
             ingress.annotations.end();
}

}  // namespace

const char* name(Scope scope) {
  switch (scope) {
    case Scope::Host: return "host";
    case Scope::Path: return "path";
    case Scope::Ingress: return "Ingress";
  }
  return "";
}

const char* name(Risk risk) {
  constexpr const char* kNames[] = {"Low", "Medium", "High", "Critical"};
  return kNames[static_cast<size_t>(risk)];
}

const char* name(Support support) {
  constexpr const char* kNames[] = {"same", "differs", "not supported"};
  return kNames[static_cast<size_t>(support)];
}

const AnnotationRow* find_row(std::string_view name) {
  const AnnotationRow* best = nullptr;
  for (const AnnotationRow& row : annotation_rows()) {
    if (!covers(row, name)) continue;
    if (row.name == name) return &row;
    if (!best || std::string_view(row.name).size() > std::string_view(best->name).size()) {
      best = &row;
    }
  }
  return best;
}

std::string_view without_prefix(std::string_view key) {
  for (std::string_view prefix : {kTheirs, kOurs}) {
    if (key.starts_with(prefix)) return key.substr(prefix.size());
  }
  return {};
}

IngressNotes read_annotations(const Object& ingress, const IngressNotes& defaults,
                              const AnnotationContext& context, Risk most_risk,
                              Findings& findings) {
  IngressNotes notes = defaults;
  for (const auto& [key, value] : ingress.annotations) {
    std::string_view short_name = without_prefix(key);
    if (short_name.empty()) continue;
    AnnotationReader reader(ingress, key, value, context, notes, findings);
    if (overruled(ingress, key, short_name)) {
      reader.report(Verdict::Differs, Severity::Note, "two-prefixes",
                    "is given with the prefix " + std::string(kOurs) + " too, which decides");
      continue;
    }
    const AnnotationRow* row = find_row(short_name);
    if (!row) {
      reader.report(Verdict::NotSupported, Severity::Warning, "unknown-annotation",
                    unknown(short_name));
    } else if (row->risk > most_risk) {
      notes.dropped = true;
      reader.report(Verdict::Refused, Severity::Error, "too-risky",
                    std::string("has the risk ") + name(row->risk) + ", and " + name(most_risk) +
                        " is allowed (annotations-risk-level in the ConfigMap), so the whole "
                        "Ingress is left out, as by ingress-nginx");
    } else {
      read_one(*row, reader);
    }
  }
  return notes;
}

std::string annotations_markdown() {
  std::string text =
      "| annotation | scope | values | what it does | beside ingress-nginx |\n"
      "|---|---|---|---|---|\n";
  for (const AnnotationRow& row : annotation_rows()) {
    text += std::string("| `") + row.name + "` | " + name(row.scope) + " | " + row.values + " | " +
            row.meaning + " | **" + name(row.support) + "**";
    if (row.note[0] != '\0') text += std::string(": ") + row.note;
    if (row.loss == Loss::Lock) text += "; without it nothing is served but a 503";
    if (row.loss == Loss::Protection) text += "; reported as less secure";
    text += " |\n";
  }
  return text;
}

}  // namespace sallyport::kube
