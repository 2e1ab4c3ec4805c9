// The migration report: what becomes of each annotation, for people and programs.
#pragma once

#include <string>
#include <vector>

#include "control/kube/translator.h"

namespace sallyport::kube {

/// One place of one object.
struct ReportRow {
  Kind kind = Kind::Ingress;
  ObjectName object;
  std::string where;    // an annotation, a key of the ConfigMap, or a field
  std::string value;    // of an annotation or key
  std::string verdict;  // same, differs, not supported, refused
  std::string severity; // of what is not the same
  std::string code;
  std::string message;
  bool less_secure = false;
};

struct Report {
  std::vector<ReportRow> rows;          // by object
  std::vector<ObjectName> not_ours;     // Ingresses of other classes
  Problems problems;                    // of what could not be read
  bool less_secure() const;
};

/// Of all that `translator` knows.
Report migration_report(const Translator& translator, Problems problems);

std::string report_text(const Report& report);
std::string report_json(const Report& report);

}  // namespace sallyport::kube
