#include "dataplane/wire/h1_field_lines.h"

#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/wire/http_char.h"

namespace sallyport {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

// `at` is where the name that begins at `name` stopped being a token without reaching a colon.
H1Fault bad_name(const char* name, const char* at) {
  if (!is_space(*at)) return H1Fault::BadFieldName;
  // Behind another line it would continue that one (RFC 9112 section 5.2); in front of the first
  // one it is read in as many ways (section 2.2).
  if (at == name) return H1Fault::ObsFold;
  while (is_space(*at)) ++at;
  return *at == ':' ? H1Fault::SpaceBeforeColon : H1Fault::BadFieldName;
}

}  // namespace

H1Fault parse_field_lines(std::string_view lines, size_t most, FieldList& out) {
  DCHECK(lines.ends_with("\r\n") && most <= FieldList::kMost);
  // The last line's CR ends every loop below.
  const char* at = lines.data();
  const char* end = at + lines.size();
  while (*at != '\r') {
    if (out.size() >= most) return H1Fault::TooManyFields;
    const char* name = at;
    while (is_char(kTokenChar, *at)) ++at;
    if (*at != ':' || at == name) return bad_name(name, at);
    std::string_view text(name, static_cast<size_t>(at - name));
    do ++at;
    while (is_space(*at));
    auto next = static_cast<const char*>(std::memchr(at, '\r', static_cast<size_t>(end - at)));
    const char* last = next;
    while (last > at && is_space(last[-1])) --last;
    out.add({text, {at, static_cast<size_t>(last - at)}, field_name(text)});
    at = next + 2;
  }
  return H1Fault::None;
}

}  // namespace sallyport
