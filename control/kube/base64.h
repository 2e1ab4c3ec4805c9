// Base64 as Secrets hold it (RFC 4648 section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::kube {

/// The bytes, or none if `text` is not base64. Line ends are skipped: people wrap by hand.
std::optional<std::string> base64_decode(std::string_view text);

/// With padding, in one line.
std::string base64_encode(std::string_view bytes);

}  // namespace sallyport::kube
