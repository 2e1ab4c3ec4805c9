#include "control/kube/cluster_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/kube/json_field.h"
#include "control/kube/object_text.h"
#include "control/kube/parse.h"
#include "control/pki/staged_file.h"

namespace sallyport::kube {

namespace {

constexpr std::string_view kFirstLine = "{\"sallyport-cache\":1}\n";
constexpr mode_t kOwnerOnly = 0600;

std::optional<ObjectPtr> parse_line(simdjson::dom::parser& parser, std::string_view line) {
  simdjson::dom::element document;
  if (parser.parse(line.data(), line.size()).get(document)) return {};
  std::string_view word;
  if (document["kind"].get(word)) return {};
  std::optional<Kind> kind = kind_of(word);
  if (!kind) return {};
  Result<ObjectPtr> object = parse_object(*kind, document);
  if (!object) return {};
  return std::move(*object);
}

}  // namespace

std::string cache_text(const ObjectStore& store, bool keys) {
  std::string text(kFirstLine);
  for (size_t kind = 0; kind < kKinds; ++kind) {
    for (const auto& [object_name, object] : store.all(static_cast<Kind>(kind))) {
      text += object_text(*object, keys) + "\n";
    }
  }
  return text;
}

Result<ObjectChanges> parse_cache(std::string_view text, size_t& lost) {
  lost = 0;
  if (!text.starts_with(kFirstLine)) return Error{"not a cache of this version"};
  text.remove_prefix(kFirstLine.size());
  simdjson::dom::parser parser;
  ObjectChanges changes;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    std::optional<ObjectPtr> object = parse_line(parser, line);
    if (!object) {
      ++lost;
      continue;
    }
    changes.push_back({(*object)->kind(), (*object)->name, *object});
  }
  return changes;
}

Result<void> write_cache(const std::string& path, const ObjectStore& store, bool keys) {
  return write_file(path, cache_text(store, keys), kOwnerOnly);
}

Result<ObjectChanges> read_cache(const std::string& path, size_t& lost) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return Error{path + ": " + strerror(errno)};
  struct stat about{};
  std::string text;
  bool right = ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  // Whoever else could write it could add hosts and keys of their own.
  bool ours = right && (about.st_uid == ::geteuid() || about.st_uid == 0) &&
              (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  ssize_t count = 0;
  if (ours) {
    text.resize(static_cast<size_t>(about.st_size));
    size_t have = 0;
    while (have < text.size() &&
           (count = ::read(fd, text.data() + have, text.size() - have)) > 0) {
      have += static_cast<size_t>(count);
    }
    text.resize(have);
  }
  ::close(fd);
  if (!ours) return Error{path + ": is not a file that only we can write"};
  return parse_cache(text, lost);
}

}  // namespace sallyport::kube
