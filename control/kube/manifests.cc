#include "control/kube/manifests.h"

#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "control/file/yaml_json.h"
#include "control/kube/parse.h"
#include "dataplane/model/complain.h"

namespace sallyport::kube {

namespace {

namespace fs = std::filesystem;

constexpr int kMostFolders = 16;

class Reader {
 public:
  Reader(const std::string& file, Manifests& manifests) : file_(file), manifests_(manifests) {}

  void read(std::string_view text) {
    size_t begin = text.find_first_not_of(" \t\r\n");
    bool json = begin != std::string_view::npos && text[begin] == '{';
    if (json) return document({std::string(text), 1});
    auto documents = yaml_to_json(text);
    if (!documents) return problem(0, file_ + ":" + documents.error().message);
    for (const JsonDocument& each : *documents) document(each);
  }

 private:
  void problem(int line, const std::string& message) {
    Place place;
    place.source = file_;
    place.line = line;
    complain(manifests_.problems, place, message);
  }

  void document(const JsonDocument& document) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (auto failed = parser.parse(document.json).get(root)) {
      return problem(document.line, simdjson::error_message(failed));
    }
    object(root, document.line, "");
  }

  void object(simdjson::dom::element root, int line, std::string_view list_kind) {
    std::string_view kind = list_kind;
    if (root["kind"].get(kind)) kind = list_kind;
    if (kind.empty()) return problem(line, "an object without a kind");
    simdjson::dom::array items;
    if (kind.ends_with("List") && !root["items"].get(items)) {
      // Items of a List of many kinds say theirs; those of an IngressList need not.
      std::string_view of = kind.substr(0, kind.size() - 4);
      for (simdjson::dom::element item : items) object(item, line, of);
      return;
    }
    auto known = kind_of(kind);
    if (!known || !right_group(*known, root)) return;
    auto parsed = read_object(*known, root);
    if (!parsed) return problem(line, parsed.error().message);
    add(std::move(*parsed));
  }

  // There are other Ingresses and Services, in other groups; and ones of old versions, with other
  // fields.
  static bool right_group(Kind kind, simdjson::dom::element root) {
    std::string_view version;
    return root["apiVersion"].get(version) || version == api_version(kind);
  }

  void add(Object object) {
    if (namespaced(object.kind()) && object.name.space.empty()) object.name.space = "default";
    if (object.created == 0) object.created = static_cast<int64_t>(manifests_.objects.size()) + 1;
    add_object(std::make_shared<const Object>(std::move(object)), manifests_);
  }

  const std::string& file_;
  Manifests& manifests_;
};

void read_file(const fs::path& path, Manifests& manifests) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    Place place;
    place.source = path;
    return complain(manifests.problems, place, "cannot be read");
  }
  read_manifest(text.str(), path, manifests);
}

void read_folder(const fs::path& folder, int level, Manifests& manifests) {
  std::vector<fs::path> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    // As in a mounted ConfigMap, whose files are links into a folder with a dot.
    if (!entry.path().filename().string().starts_with('.')) paths.push_back(entry.path());
  }
  if (failed) {
    Place place;
    place.source = folder;
    return complain(manifests.problems, place, "cannot be read: " + failed.message());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    if (fs::is_directory(path, failed)) {
      if (level < kMostFolders) read_folder(path, level + 1, manifests);
      continue;
    }
    std::string extension = path.extension();
    if (extension == ".yaml" || extension == ".yml" || extension == ".json") {
      read_file(path, manifests);
    }
  }
}

}  // namespace

void add_object(ObjectPtr object, Manifests& manifests) {
  auto [place, fresh] = manifests.index.emplace(std::pair(object->kind(), object->name),
                                                manifests.objects.size());
  if (fresh) {
    manifests.objects.push_back(std::move(object));
  } else {
    manifests.objects[place->second] = std::move(object);
  }
}

void read_manifest(std::string_view text, const std::string& file, Manifests& manifests) {
  Reader(file, manifests).read(text);
}

Manifests read_manifests(const std::string& path) {
  Manifests manifests;
  std::error_code failed;
  if (fs::is_directory(path, failed)) {
    read_folder(path, 0, manifests);
  } else {
    read_file(path, manifests);
  }
  return manifests;
}

ObjectChanges changes_between(const std::vector<ObjectPtr>& before,
                              const std::vector<ObjectPtr>& after) {
  using Key = std::pair<Kind, ObjectName>;
  std::map<Key, ObjectPtr> old;
  for (const ObjectPtr& object : before) old[{object->kind(), object->name}] = object;
  ObjectChanges changes;
  for (const ObjectPtr& object : after) {
    auto known = old.find({object->kind(), object->name});
    bool same = known != old.end() && known->second->same_content(*object);
    if (!same) changes.push_back({object->kind(), object->name, object});
    if (known != old.end()) old.erase(known);
  }
  for (const auto& [key, object] : old) changes.push_back({key.first, key.second, nullptr});
  return changes;
}

}  // namespace sallyport::kube
