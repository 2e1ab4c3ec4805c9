#include "dataplane/model/complain.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "dataplane/model/quantity.h"

namespace sallyport {
namespace {

// More names than these tell a reader no more.
constexpr size_t kMostListed = 10;
constexpr size_t kMostQuoted = 120;
constexpr size_t kMostOfName = 253;
constexpr size_t kMostOfAlpn = 255;
constexpr uint64_t kMostOfBody = uint64_t{1} << 40;
// What is longer than this is nobody's typing error, and would only cost time to compare.
constexpr size_t kMostCompared = 64;

// How many letters must be inserted, removed, replaced or exchanged with their neighbour.
size_t distance(std::string_view a, std::string_view b) {
  // Three rows of the table: for the first i letters of `a`, and for i - 1 and i - 2.
  std::vector<size_t> row(b.size() + 1), last(b.size() + 1), before_last;
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

bool fit_for_a_name(char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; }

}  // namespace

void complain(Problems& problems, const Place& place, std::string message) {
  if (problems.size() >= kMostProblems) return;
  problems.push_back({place, place.path, std::move(message)});
}

std::string in_quotes(std::string_view text) {
  size_t end = std::min(text.size(), kMostQuoted);
  // Not in the middle of a character: what continues one in UTF-8 begins with the bits 10.
  while (end < text.size() && end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return "\"" + std::string(text.substr(0, end)) + (end < text.size() ? "…" : "") + "\"";
}

std::string nearest(std::string_view text, const std::vector<std::string>& words) {
  if (text.size() > kMostCompared) return {};
  size_t best = std::max<size_t>(text.size() / 3, 1) + 1;
  std::string found;
  for (const std::string& word : words) {
    if (word.size() > kMostCompared) continue;
    size_t d = distance(text, word);
    if (d < best && d < word.size()) {
      best = d;
      found = word;
    }
  }
  return found;
}

std::string not_declared(std::string_view name, const std::vector<std::string>& declared) {
  std::string text = in_quotes(name) + " is not declared";
  if (declared.empty()) return text + " (none is)";
  if (std::string meant = nearest(name, declared); !meant.empty()) {
    text += ", did you mean " + in_quotes(meant) + "?";
  }
  text += " (declared: ";
  for (size_t i = 0; i < declared.size() && i < kMostListed; ++i) {
    text += (i ? ", " : "") + declared[i];
  }
  if (declared.size() > kMostListed) {
    text += " and " + std::to_string(declared.size() - kMostListed) + " more";
  }
  return text + ")";
}

bool check_name(const Written<std::string>& name, Problems& problems) {
  if (!name) return false;
  if (!name->empty() && name->size() <= kMostOfName &&
      std::all_of(name->begin(), name->end(), fit_for_a_name)) {
    return true;
  }
  complain(problems, name.place,
           in_quotes(*name) + " is not a name: write 1 to 253 ASCII characters without spaces, "
                           "quotes or backslashes");
  return false;
}

bool check_body_size(const Written<uint64_t>& size, Problems& problems) {
  if (!size) return false;
  if (*size <= kMostOfBody) return true;
  complain(problems, size.place,
           size_text(*size) + " is out of range: write 1B to " + size_text(kMostOfBody) +
               ", or 0 for no limit");
  return false;
}

std::vector<Network> check_networks(const WrittenList<std::string>& list, Problems& problems) {
  std::vector<Network> networks;
  if (!list) return networks;
  for (const Written<std::string>& item : *list) {
    if (!item) continue;
    if (auto network = Network::parse(*item)) {
      networks.push_back(*network);
      continue;
    }
    complain(problems, item.place,
             in_quotes(*item) + " is not a network: write one such as 10.0.0.0/8 or 2001:db8::/32, "
                             "with nothing after the prefix, or an IP address");
  }
  return networks;
}

std::vector<std::string> check_alpn(const WrittenList<std::string>& list, Problems& problems) {
  std::vector<std::string> names;
  if (!list) return names;
  for (const Written<std::string>& item : *list) {
    if (!item) continue;
    if (item->empty() || item->size() > kMostOfAlpn) {
      complain(problems, item.place, "an ALPN name has 1 to 255 bytes, such as h2 or http/1.1");
    } else if (std::find(names.begin(), names.end(), *item) != names.end()) {
      complain(problems, item.place, in_quotes(*item) + " is already in the list");
    } else {
      names.push_back(*item);
    }
  }
  return names;
}

}  // namespace sallyport
