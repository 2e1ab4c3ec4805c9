#include "dataplane/model/text_template.h"

#include <algorithm>

#include "dataplane/model/complain.h"

namespace sallyport {
namespace {

using Piece = TextTemplate::Piece;

struct Named {
  std::string_view text;
  Piece::Kind kind;
};
constexpr Named kNamed[] = {{"$host", Piece::Kind::Host},
                            {"$request_uri", Piece::Kind::RequestUri},
                            {"$is_args", Piece::Kind::IsArgs},
                            {"$args", Piece::Kind::Args}};

bool in_a_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// "$request" of "$request/x": all that somebody may have meant as one word.
std::string_view word_at(std::string_view text) {
  size_t end = 1;
  while (end < text.size() && in_a_word(text[end])) ++end;
  return text.substr(0, end);
}

std::string unknown(std::string_view word, TextTemplate::Words words) {
  std::string known = words == TextTemplate::Words::OfRequest
                          ? "$host, $request_uri, $is_args, $args, or $1 to $9 on a Regex route"
                          : "$1 to $9 on a Regex route";
  return in_quotes(word) + " means nothing here: write " + known + ", or %24 for the character";
}

std::string no_such_group(std::string_view word, size_t groups) {
  if (groups == 0) {
    return in_quotes(word) + " means nothing here, for only the pattern of a Regex route has "
                             "groups: write path_type: Regex and a group in parentheses";
  }
  return in_quotes(word) + " means nothing, for the pattern has " + std::to_string(groups) +
         (groups == 1 ? " group" : " groups");
}

}  // namespace

Result<TextTemplate> TextTemplate::parse(std::string_view text, size_t groups, Words words) {
  TextTemplate made;
  while (!text.empty()) {
    size_t end = std::min(text.find('$'), text.size());
    if (end > 0) {
      made.pieces_.push_back({Piece::Kind::Text, 0, std::string(text.substr(0, end))});
      text.remove_prefix(end);
      continue;
    }
    if (text.size() > 1 && text[1] >= '1' && text[1] <= '9') {
      auto group = static_cast<uint8_t>(text[1] - '0');
      if (group > groups) return Error{no_such_group(text.substr(0, 2), groups)};
      made.pieces_.push_back({Piece::Kind::Group, group});
      text.remove_prefix(2);
      continue;
    }
    std::string_view word = word_at(text);
    auto known = std::ranges::find(kNamed, word, &Named::text);
    if (words == Words::None || known == std::end(kNamed)) return Error{unknown(word, words)};
    made.pieces_.push_back({known->kind});
    text.remove_prefix(word.size());
  }
  return made;
}

bool TextTemplate::has(Piece::Kind kind) const {
  return std::ranges::any_of(pieces_, [kind](const Piece& piece) { return piece.kind == kind; });
}

}  // namespace sallyport
