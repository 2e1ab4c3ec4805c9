#include "control/kube/finding.h"

namespace sallyport::kube {

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::Differs: return "differs";
    case Verdict::NotSupported: return "not supported";
    case Verdict::Refused: return "refused";
  }
  return "";
}

const char* name(Severity severity) {
  switch (severity) {
    case Severity::Note: return "note";
    case Severity::Warning: return "warning";
    case Severity::Error: return "error";
  }
  return "";
}

std::string Finding::text() const {
  std::string text = std::string(sallyport::kube::name(kind)) + " " + object.text();
  if (!where.empty()) text += ": " + where;
  return text + ": " + sallyport::kube::name(severity) + " (" +
         sallyport::kube::name(verdict) + "): " + message;
}

}  // namespace sallyport::kube
