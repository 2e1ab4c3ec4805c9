// Reading the value of one annotation: helpers for the rows of the table (annotation_table.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/kube/finding.h"
#include "control/kube/ingress_notes.h"

namespace sallyport::kube {

/// What a value is read in the light of.
struct AnnotationContext {
  bool cross_namespace = false;  // whether other namespaces' Secrets may be named
  bool compat = false;           // whether ingress-nginx is to be followed in its surprises
};

/// One annotation of one Ingress, or one key of the ConfigMap. REQUIRES: all outlive it.
class AnnotationReader {
 public:
  AnnotationReader(const Object& object, const std::string& key, const std::string& value,
                   const AnnotationContext& context, IngressNotes& notes, Findings& findings)
      : object_(object), key_(key), value_(value), context_(context), notes_(notes),
        findings_(findings) {}

  const std::string& value() const { return value_; }
  const AnnotationContext& context() const { return context_; }
  IngressNotes& notes() const { return notes_; }
  const std::string& space() const { return object_.name.space; }

  /// The values of one kind, as ingress-nginx reads them. What is none of it is invalid(), and then
  /// the result is empty.
  std::optional<bool> boolean() const;
  std::optional<int64_t> number(int64_t least, int64_t most) const;
  std::optional<uint64_t> size() const;       // "8m", "1g", "512k", "100"
  std::optional<Millis> seconds() const;      // "60", "60s"
  std::vector<Network> networks() const;      // "10.0.0.0/8,192.0.2.1"
  std::vector<std::string> list() const;      // of words between commas
  std::optional<std::string> line() const;    // without control characters
  /// "namespace/name", or "name" in the Ingress' own namespace unless `qualified`.
  ObjectReference reference(bool qualified) const;

  /// The value cannot be read: as in ingress-nginx the whole Ingress is left out; a key of the
  /// ConfigMap keeps its default.
  void invalid(const std::string& wanted) const;
  void report(Verdict verdict, Severity severity, const char* code, std::string message,
              bool less_secure = false) const;

 private:
  const Object& object_;
  const std::string& key_;
  const std::string& value_;
  const AnnotationContext& context_;
  IngressNotes& notes_;
  Findings& findings_;
};

/// The parts of `text` between the separators, without blanks around them and without empty ones.
std::vector<std::string> split_words(std::string_view text, char separator);

/// The readers of values, without an annotation around them; empty: it is none.
std::optional<bool> parse_boolean(std::string_view text);  // as Go reads them: 1, t, true, TRUE, …
std::optional<uint64_t> parse_nginx_size(std::string_view text);
std::optional<Millis> parse_nginx_seconds(std::string_view text);
std::optional<int64_t> parse_integer(std::string_view text);
/// "10.1.2.3/8" is 10.0.0.0/8, as nginx reads it.
std::optional<Network> parse_network(std::string_view text);

}  // namespace sallyport::kube
