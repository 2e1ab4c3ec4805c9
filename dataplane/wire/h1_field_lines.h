// Field lines as heads and trailer sections have them (RFC 9112 section 5).
#pragma once

#include <cstddef>
#include <string_view>

#include "dataplane/wire/h1_head.h"
#include "dataplane/wire/http_field.h"

namespace sallyport {

/// Adds the fields of `lines` to `out`; a field beyond `most` is TooManyFields.
/// REQUIRES: `lines` went through HeadScan: it ends with the empty line, all lines end in CRLF, and
/// there is no other control character than HTAB. `most` is at most FieldList::kMost.
H1Fault parse_field_lines(std::string_view lines, size_t most, FieldList& out);

}  // namespace sallyport
