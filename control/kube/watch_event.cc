#include "control/kube/watch_event.h"

namespace sallyport::kube {

namespace {

using simdjson::dom::element;

constexpr size_t kMostText = 200;

std::string text_at(element object, const char* key) {
  std::string_view text;
  if (object[key].get(text)) return {};
  return std::string(text);
}

ApiStatus status_of(element object) {
  ApiStatus status;
  int64_t code = 0;
  if (!object["code"].get(code) && code > 0 && code < 1000) status.code = static_cast<int>(code);
  status.reason = text_at(object, "reason");
  status.message = text_at(object, "message").substr(0, 4 * kMostText);
  return status;
}

Result<void> read_bookmark(element object, WatchEvent& event) {
  element metadata;
  if (object["metadata"].get(metadata)) return Error{"a bookmark without metadata"};
  event.version = text_at(metadata, "resourceVersion");
  if (event.version.empty()) return Error{"a bookmark without a resourceVersion"};
  element annotations;
  if (!metadata["annotations"].get(annotations)) {
    event.initial_end = text_at(annotations, "k8s.io/initial-events-end") == "true";
  }
  return {};
}

// The parser's copy of the text is padded; a document that is no object cannot be asked for keys.
Result<element> parse_object_text(simdjson::dom::parser& parser, std::string_view json) {
  element document;
  if (auto failed = parser.parse(json.data(), json.size()).get(document)) {
    return Error{std::string("not JSON: ") + simdjson::error_message(failed)};
  }
  if (!document.is_object()) return Error{"not a JSON object"};
  return document;
}

}  // namespace

Result<ObjectName> name_of(element object, std::string& version) {
  element metadata;
  if (object["metadata"].get(metadata)) return Error{"an object without metadata"};
  ObjectName name{text_at(metadata, "namespace"), text_at(metadata, "name")};
  version = text_at(metadata, "resourceVersion");
  if (name.name.empty()) return Error{"an object without a name"};
  return name;
}

Result<WatchEvent> parse_watch_event(simdjson::dom::parser& parser, std::string_view line) {
  Result<element> document = parse_object_text(parser, line);
  if (!document) return document.error();
  WatchEvent event;
  if ((*document)["object"].get(event.object) || !event.object.is_object()) {
    return Error{"a watch event without an object"};
  }
  std::string type = text_at(*document, "type");
  if (type == "ERROR") {
    event.type = WatchEvent::Type::Error;
    event.status = status_of(event.object);
    return event;
  }
  if (type == "BOOKMARK") {
    event.type = WatchEvent::Type::Bookmark;
    if (Result<void> read = read_bookmark(event.object, event); !read) return read.error();
    return event;
  }
  if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") {
    return Error{"a watch event of the unknown type \"" + type.substr(0, kMostText) + "\""};
  }
  event.type = type == "DELETED" ? WatchEvent::Type::Removed : WatchEvent::Type::Put;
  Result<ObjectName> name = name_of(event.object, event.version);
  if (!name) return name.error();
  event.name = std::move(*name);
  if (event.version.empty()) return Error{"an object without a resourceVersion"};
  return event;
}

Result<ListPage> parse_list(simdjson::dom::parser& parser, std::string_view json) {
  Result<element> document = parse_object_text(parser, json);
  if (!document) return document.error();
  ListPage page;
  element metadata;
  if ((*document)["metadata"].get(metadata)) return Error{"a list without metadata"};
  page.version = text_at(metadata, "resourceVersion");
  page.next = text_at(metadata, "continue");
  if (page.version.empty()) return Error{"a list without a resourceVersion"};
  if ((*document)["items"].get(page.items)) return Error{"a list without items"};
  return page;
}

ApiStatus parse_status(std::string_view body) {
  simdjson::dom::parser parser;
  if (Result<element> document = parse_object_text(parser, body)) return status_of(*document);
  ApiStatus status;
  status.message = std::string(body.substr(0, kMostText));
  while (!status.message.empty() && status.message.back() == '\n') status.message.pop_back();
  return status;
}

}  // namespace sallyport::kube
