// Session affinity: a cookie that brings a browser's requests to one endpoint.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/wire/http_field.h"

namespace sallyport {

/// The value of the first cookie called `name` (RFC 6265 section 5.4), or empty; so is one that is
/// longer than any proxy's.
std::string_view cookie_value(const FieldList& fields, std::string_view name);

/// What Service::pick_for() is asked with: equal for equal values, on every proxy.
uint64_t affinity_hash(std::string_view value);

}  // namespace sallyport
