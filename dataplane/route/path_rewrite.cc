#include "dataplane/route/path_rewrite.h"

#include <algorithm>

namespace sallyport {

namespace {

// More than any head that comes in, so that only repeated groups are ever too long; and twice of it
// is in one block.
constexpr size_t kMost = 32 * 1024;

// Whether `normal` is `path` with one slash where it has several, and nothing else.
bool differs_by_slashes(std::string_view path, std::string_view normal) {
  size_t at = 0;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/' && i > 0 && path[i - 1] == '/') continue;
    if (at == normal.size() || normal[at++] != path[i]) return false;
  }
  return at == normal.size();
}

}  // namespace

const char* text(RewriteStatus status) {
  switch (status) {
    case RewriteStatus::Ok: return "nothing";
    case RewriteStatus::TooLong: return "the rewritten path is too long";
    case RewriteStatus::NoPath: return "the rewritten path has dot segments, or half an escape";
  }
  return "";
}

RewriteStatus rewrite_path(const Route& route, std::string_view path, std::string_view query,
                           Block& out, std::string_view& shown) {
  TemplateValues values;
  if (route.pattern) route.pattern->match(path, values.groups);
  static_assert(2 * kMost <= Block::kSize);
  MutableBytes room = out.room();
  H1Writer writer(room.first(kMost));
  write_template(writer, route.treatment->rewrite, values);
  std::string_view target = as_text(writer.written());
  size_t mark = std::min(target.find('?'), target.size());
  if (!query.empty()) {
    writer.put(mark == target.size() ? '?' : '&');
    writer.put(query.substr(1));
  }
  if (writer.overflown()) return RewriteStatus::TooLong;
  out.produced(2 * kMost);  // all of it is in use, as far as anybody else is concerned
  target = as_text(writer.written());
  shown = target;
  std::string_view made = target.substr(0, mark);
  if (is_normal_path(made)) return RewriteStatus::Ok;

  MutableBytes second = room.subspan(kMost);
  size_t size = 0;
  PathStatus status = normalize_path(made, EncodedSlash::Keep, second, size);
  if (status != PathStatus::Ok || !differs_by_slashes(made, as_text(Bytes(second.first(size))))) {
    return RewriteStatus::NoPath;
  }
  std::string_view rest = target.substr(mark);
  std::copy(rest.begin(), rest.end(), second.begin() + static_cast<ptrdiff_t>(size));
  shown = as_text(Bytes(second.first(size + rest.size())));
  return RewriteStatus::Ok;
}

}  // namespace sallyport
