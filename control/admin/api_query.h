// What is asked of a list of the JSON API.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

struct ApiQuery {
  size_t most = 1'000;  // of the list
  std::string name;     // empty: whatever they are called
};

/// Of "limit=10&name=shop.example", where other keys mean nothing. None: it makes no sense.
std::optional<ApiQuery> parse_api_query(std::string_view query);

}  // namespace sallyport
