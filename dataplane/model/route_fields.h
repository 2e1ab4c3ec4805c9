// Header fields that a configuration sets.
#pragma once

#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/model/config.h"
#include "dataplane/model/draft.h"

namespace sallyport {

enum class MessageKind : uint8_t { Request, Response };

/// The fields of `draft`. Complains about names and values that no message may have, and about
/// fields that the proxy writes itself.
std::vector<FieldConfig> check_fields(const DraftFields& draft, MessageKind kind,
                                      Problems& problems);

/// Nothing, or why no message may have the field, or why nobody but the proxy may write it. Only
/// translators may say that there is no client certificate: "ssl-client-verify: NONE".
Result<void> check_field(const FieldConfig& field, MessageKind kind);

/// RFC 9110 section 5.6.2: what names of fields, methods and cookies are made of.
bool is_field_token(std::string_view text);

}  // namespace sallyport
