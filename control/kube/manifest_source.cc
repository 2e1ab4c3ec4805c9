#include "control/kube/manifest_source.h"

#include <filesystem>
#include <set>

#include "dataplane/base/log.h"

namespace sallyport::kube {

namespace fs = std::filesystem;

ManifestSource::ManifestSource(std::string path, std::function<void()> on_due)
    : path_(std::move(path)),
      watcher_([on_due = std::move(on_due)](const FileChanges&) { on_due(); }) {
  watch();
}

void ManifestSource::watch() {
  std::set<std::string> folders;
  std::error_code failed;
  if (!fs::is_directory(path_, failed)) {
    std::string parent = fs::path(path_).parent_path();
    folders.insert(parent.empty() ? "." : parent);
  } else {
    folders.insert(path_);
    auto inside = fs::recursive_directory_iterator(path_, failed);
    for (auto it = begin(inside); it != end(inside); it.increment(failed)) {
      if (failed) break;
      if (it->is_directory(failed)) folders.insert(it->path());
    }
  }
  watcher_.watch(folders);
}

ObjectChanges ManifestSource::take() {
  watch();  // before reading: what changes from now on is told
  Manifests read = read_manifests(path_);
  problems_ = read.problems;
  std::vector<std::string> words;
  for (const Problem& problem : problems_) words.push_back(problem.text());
  if (words != told_) {
    for (const std::string& word : words) log_error("manifest", {{"error", word}});
  }
  told_ = std::move(words);
  if (!problems_.empty()) {
    // Nobody knows what an unreadable file would have said of objects that are missing now.
    for (const ObjectPtr& object : objects_) {
      std::pair<Kind, ObjectName> key{object->kind(), object->name};
      if (read.index.count(key) == 0) read.objects.push_back(object);
    }
  }
  ObjectChanges changes = changes_between(objects_, read.objects);
  objects_ = std::move(read.objects);
  return changes;
}

}  // namespace sallyport::kube
