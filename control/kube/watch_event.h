// What lists and watches say, before it is an object.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "control/kube/objects.h"
#include "dataplane/base/result.h"

namespace sallyport::kube {

/// A Status object: why the server did not do what was asked.
struct ApiStatus {
  int code = 0;
  std::string reason, message;
};

struct WatchEvent {
  enum class Type : uint8_t { Put, Removed, Bookmark, Error };
  Type type = Type::Put;
  ObjectName name;           // of Put and Removed
  std::string version;       // the resource version; of all but Error
  bool initial_end = false;  // the Bookmark that ends a streaming list
  ApiStatus status;          // of Error
  simdjson::dom::element object;  // lives as long as the parser's document
};

/// One line of a watch. An error: it is none.
Result<WatchEvent> parse_watch_event(simdjson::dom::parser& parser, std::string_view line);

struct ListPage {
  std::string version, next;  // `next` is empty on the last page
  simdjson::dom::array items;
};

Result<ListPage> parse_list(simdjson::dom::parser& parser, std::string_view json);

/// The metadata of an item: its name, and its version into `version`.
Result<ObjectName> name_of(simdjson::dom::element object, std::string& version);

/// What a body that is no success says: a Status, or else its text, shortened.
ApiStatus parse_status(std::string_view body);

}  // namespace sallyport::kube
