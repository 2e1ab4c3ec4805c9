// From JSON, as the API server sends it, to objects.
#pragma once

#include <string_view>

#include "control/kube/objects.h"
#include "dataplane/base/result.h"

namespace simdjson::dom {
class element;
}

namespace sallyport::kube {

/// The object in `json`, whose "kind" and "apiVersion" need not be there: items of lists have
/// none. What is null counts as left out, unknown fields are skipped. An error names the object and
/// the field: "Ingress shop/web: spec.rules[0].host: must be a string". Thread: any.
Result<ObjectPtr> parse_object(Kind kind, const simdjson::dom::element& json);

/// The same, for who has something to add.
Result<Object> read_object(Kind kind, const simdjson::dom::element& json);

/// The same for the text of one object.
Result<ObjectPtr> parse_object(Kind kind, std::string_view json);

/// "2026-11-21T02:22:22Z" in seconds since 1970, or 0 if it is no such time.
int64_t parse_time(std::string_view text);

}  // namespace sallyport::kube
