#include "control/file/yaml_reader.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "control/file/draft_reader.h"
#include "control/file/yaml_document.h"
#include "control/file/yaml_mapping.h"

namespace sallyport {
namespace {

// Beyond what parse_yaml() takes, so that it is the one to say that a file is too large.
constexpr size_t kMostBytes = 65 * 1024 * 1024;

// The whole file, or no more of it than matters; errno says why not.
bool read_file(const std::string& path, std::string& text) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) return false;
  char block[64 * 1024];
  size_t size = 0;
  errno = 0;
  while (text.size() < kMostBytes && (size = std::fread(block, 1, sizeof block, file.get())) > 0) {
    text.append(block, size);
  }
  return std::ferror(file.get()) == 0;
}

}  // namespace

ReadResult read_config(std::string_view text, const std::string& file_name) {
  ReadResult result;
  auto root = parse_yaml(text, file_name, result.problems);
  if (!root) return result;
  if (root->kind != YamlNode::Kind::Mapping) {
    complain(result.problems, place_of(*root, file_name, ""),
             "is no configuration: write a mapping with listeners and, for them, sites");
    return result;
  }
  Draft draft = read_draft(*root, file_name, result.problems);
  return validate(draft, std::move(result.problems));
}

ReadResult read_config_file(const std::string& path) {
  std::string text;
  if (read_file(path, text)) return read_config(text, path);
  ReadResult result;
  result.problems.push_back(
      {{path}, "", std::string("cannot be read: ") + std::strerror(errno)});
  return result;
}

}  // namespace sallyport
