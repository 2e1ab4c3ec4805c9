// What a translation has to say about an object, beside what it made of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/kube/objects.h"

namespace sallyport::kube {

enum class Verdict : uint8_t {
  Differs,       // it is used, but not quite as ingress-nginx would
  NotSupported,  // it is not used
  Refused,       // it is wrong, and what it is about is not served
};

enum class Severity : uint8_t { Note, Warning, Error };

const char* name(Verdict);   // "differs", "not supported", "refused"
const char* name(Severity);  // "note", "warning", "error"

/// One thing that somebody should know about one place of one object.
struct Finding {
  Kind kind = Kind::Ingress;
  ObjectName object;
  std::string where;  // "nginx.ingress.kubernetes.io/auth-tls-secret", "spec.rules[0].host"
  Verdict verdict = Verdict::Differs;
  Severity severity = Severity::Warning;
  std::string code;     // "missing-secret": a word for metrics and Events
  std::string message;  // what is wrong or different, and what would be right
  /// Something is served with less protection than by ingress-nginx.
  bool less_secure = false;

  std::string text() const;  // "shop/web: spec.rules[0].host: error: …"
  auto operator<=>(const Finding&) const = default;
};
using Findings = std::vector<Finding>;

}  // namespace sallyport::kube
