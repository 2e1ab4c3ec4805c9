// The small pages with which the proxy answers by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/bytes.h"
#include "dataplane/wire/http_field.h"

namespace sallyport {

enum class PageType : uint8_t { Text, Html, Json };

/// What the Accept fields prefer (RFC 9110 section 12.5.1): the greatest weight, each type's being
/// that of the most specific range that covers it; at equal weights what is named more
/// specifically, then what is named first, then text. So a browser gets HTML, an API client JSON,
/// and curl, whose "*/*" prefers nothing, text; so does everybody without Accept, or who would have
/// none of the three. Parameters other than the weight are passed over, and so is a range that
/// cannot be read.
PageType page_type(const FieldList& fields);
PageType page_type(std::string_view accept);  // of one field

std::string_view content_type(PageType type);

/// Of the response with a page for `code`: itself, but 400 for nginx' codes 495 (the client's
/// certificate is not valid), 496 (it has sent none) and 497 (plain HTTP where TLS is spoken).
uint16_t status_of_page(uint16_t code);

/// Room that suffices for every page.
constexpr size_t kErrorPageMost = 2048;

/// Writes the page, the body of a response, and returns its size; a response to HEAD says that
/// size and has no body. As it depends on Accept and on the moment, the response should carry
/// "Vary: Accept" and "Cache-Control: no-store". Nothing of the request is in it but the id.
/// REQUIRES: `room` has kErrorPageMost bytes; 400 <= code <= 599; is_request_id(request_id), or it
/// is empty: then the page shows none.
size_t write_error_page(MutableBytes room, PageType type, uint16_t code,
                        std::string_view request_id);

}  // namespace sallyport
