// The annotations of Ingresses: one table, from which they are read, documented and reported.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "control/kube/annotation_reader.h"

namespace sallyport::kube {

/// What an annotation is about: of several Ingresses for a host, the oldest that has it decides for
/// the Host; each decides for its own Paths.
enum class Scope : uint8_t { Host, Path, Ingress };

/// ingress-nginx's own rating, which annotations-risk-level is compared with.
enum class Risk : uint8_t { Low, Medium, High, Critical };

enum class Support : uint8_t { Same, Differs, No };

/// What is lost with an annotation that is not supported.
enum class Loss : uint8_t {
  Feature,     // something that somebody wanted
  Protection,  // something that kept somebody out: it is served, and reported as less secure
  Lock,        // the same, but of a kind that nothing may be served without
};

struct AnnotationRow {
  const char* name;  // without the prefix; "canary-*" is all that begin so
  Scope scope;
  Risk risk;
  Support support;
  const char* values;   // what can be written, and the default
  const char* meaning;  // what it does here; of what is not supported, what it would do
  const char* note;     // how it differs, or what to do instead; empty where it is the same
  void (*read)(const AnnotationReader&) = nullptr;  // null exactly for Support::No
  Loss loss = Loss::Feature;
  const char* idle = "";  // a value that asks for nothing
  bool always = false;    // it differs as soon as it is given; else a report says when
};

const char* name(Scope);    // "host", "path", "Ingress"
const char* name(Risk);     // "Low"
const char* name(Support);  // "same", "differs", "not supported"

std::span<const AnnotationRow> annotation_rows();

/// The row for `name`, which has no prefix; null: nobody knows that annotation.
const AnnotationRow* find_row(std::string_view name);

/// `key` without either of the prefixes nginx.ingress.kubernetes.io/ and sallyport.dev/; empty: it
/// has none of them, and is somebody else's.
std::string_view without_prefix(std::string_view key);

/// Reads all annotations of `ingress` over `defaults`, and adds what is to be said. With two
/// prefixes for one name, sallyport.dev/ decides.
IngressNotes read_annotations(const Object& ingress, const IngressNotes& defaults,
                              const AnnotationContext& context, Risk most_risk,
                              Findings& findings);

/// The table as Markdown, for the documentation page.
std::string annotations_markdown();

}  // namespace sallyport::kube
