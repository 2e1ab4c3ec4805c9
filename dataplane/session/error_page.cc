#include "dataplane/session/error_page.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "dataplane/base/check.h"
#include "dataplane/relay/request_id.h"
#include "dataplane/wire/h1_writer.h"

namespace sallyport {

namespace {

struct PageText {
  uint16_t code;
  std::string_view title;
  std::string_view message;
};

// The first is for every 4xx that is not here, the second for every 5xx. Plain words without any
// character that HTML or JSON would want escaped.
constexpr PageText kTexts[] = {
    {400, "Bad Request", "The request could not be understood."},
    {500, "Internal Server Error", "The request could not be answered."},
    {403, "Forbidden", "Access to this address is not allowed."},
    {404, "Not Found", "There is nothing at this address."},
    {405, "Method Not Allowed", "This method cannot be used here."},
    {408, "Request Timeout", "The request took too long to arrive."},
    {410, "Gone", "There is nothing at this address any more."},
    {413, "Content Too Large", "The request is larger than is allowed here."},
    {417, "Expectation Failed", "What the request expects cannot be had here."},
    {421, "Misdirected Request", "This connection does not lead to the host that was asked for."},
    {429, "Too Many Requests", "Too many requests have come. Try again later."},
    {431, "Request Header Fields Too Large", "The header of the request is too large."},
    {451, "Unavailable For Legal Reasons", "This may not be shown, for legal reasons."},
    {495, "The SSL certificate error", "The certificate that was sent is not accepted here."},
    {496, "No required SSL certificate was sent", "A client certificate is needed here."},
    {497, "The plain HTTP request was sent to HTTPS port", "Only HTTPS is spoken here."},
    {502, "Bad Gateway", "The server behind this address gave no valid response."},
    {503, "Service Unavailable", "No server is there for this address at the moment."},
    {504, "Gateway Timeout", "The server behind this address took too long to respond."},
    {505, "HTTP Version Not Supported", "This version of HTTP is not spoken here."},
};

PageText text_of(uint16_t code) {
  for (const PageText& text : kTexts) {
    if (text.code == code) return text;
  }
  return code < 500 ? PageText{code, "Request Refused", kTexts[0].message}
                    : PageText{code, "Server Error", kTexts[1].message};
}

// How well a type is wanted. Weights are thousandths.
struct Wish {
  int specificity = -1;  // 0 for */*, 1 for type/*, 2 for the type itself; -1: not covered
  int weight = 0;
  int position = 0;
};

struct Candidate {
  PageType page;
  std::string_view type, subtype;
};
constexpr Candidate kCandidates[] = {
    {PageType::Text, "text", "plain"},
    {PageType::Html, "text", "html"},
    {PageType::Json, "application", "json"},
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// RFC 9110 section 12.4.2: 0 or 1, with up to three decimals.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    weight += (text[i] - '0') * unit;
  }
  if (weight > 1000) return std::nullopt;
  return weight;
}

// The weight among a range's parameters: 1 if there is none.
std::optional<int> weight_in(std::string_view parameters) {
  while (!parameters.empty()) {
    parameters.remove_prefix(1);  // the semicolon
    size_t next = std::min(parameters.find(';'), parameters.size());
    std::string_view parameter = trimmed(parameters.substr(0, next));
    parameters.remove_prefix(next);
    if (parameter.size() >= 2 && (parameter[0] == 'q' || parameter[0] == 'Q') &&
        parameter[1] == '=') {
      return parse_weight(parameter.substr(2));
    }
  }
  return 1000;
}

class Wishes {
 public:
  void consider(std::string_view accept) {
    for_each_member(accept, [this](std::string_view range) {
      consider_range(range);
      return true;
    });
  }

  PageType best() const {
    size_t best = 0;
    for (size_t i = 1; i < wishes_.size(); ++i) {
      if (better(wishes_[i], wishes_[best])) best = i;
    }
    return wishes_[best].weight > 0 ? kCandidates[best].page : PageType::Text;
  }

 private:
  void consider_range(std::string_view range) {
    ++position_;
    size_t semicolon = std::min(range.find(';'), range.size());
    std::string_view type = trimmed(range.substr(0, semicolon));
    std::optional<int> weight = weight_in(range.substr(semicolon));
    size_t slash = type.find('/');
    if (slash == std::string_view::npos || !weight) return;
    std::string_view subtype = type.substr(slash + 1);
    type = type.substr(0, slash);
    for (size_t i = 0; i < wishes_.size(); ++i) {
      int specificity = specificity_of(type, subtype, kCandidates[i]);
      if (specificity > wishes_[i].specificity) wishes_[i] = {specificity, *weight, position_};
    }
  }

  static int specificity_of(std::string_view type, std::string_view subtype, const Candidate& c) {
    if (type == "*" && subtype == "*") return 0;
    if (!same_name(type, c.type)) return -1;
    if (subtype == "*") return 1;
    return same_name(subtype, c.subtype) ? 2 : -1;
  }

  static bool better(const Wish& a, const Wish& b) {
    if (a.weight != b.weight) return a.weight > b.weight;
    if (a.specificity != b.specificity) return a.specificity > b.specificity;
    return a.position < b.position;
  }

  std::array<Wish, std::size(kCandidates)> wishes_;
  int position_ = 0;
};

void put_status(H1Writer& out, uint16_t status) {
  out.put(static_cast<char>('0' + status / 100 % 10));
  out.put(static_cast<char>('0' + status / 10 % 10));
  out.put(static_cast<char>('0' + status % 10));
}

void write_text(H1Writer& out, uint16_t status, const PageText& page, std::string_view id) {
  put_status(out, status);
  out.put(' ');
  out.put(page.title);
  out.put("\n");
  out.put(page.message);
  if (!id.empty()) {
    out.put("\nRequest id: ");
    out.put(id);
  }
  out.put("\n");
}

void write_json(H1Writer& out, uint16_t status, const PageText& page, std::string_view id) {
  out.put("{\"status\":");
  put_status(out, status);
  out.put(",\"error\":\"");
  out.put(page.title);
  out.put("\",\"message\":\"");
  out.put(page.message);
  if (!id.empty()) {
    out.put("\",\"request_id\":\"");
    out.put(id);
  }
  out.put("\"}\n");
}

constexpr std::string_view kHtmlHead =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<meta name=\"robots\" content=\"noindex\">\n<title>";
constexpr std::string_view kHtmlStyle =
    "</title>\n<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;"
    "font:1rem/1.5 system-ui,sans-serif;background:#f6f7f9;color:#1d2330}\n"
    "main{padding:2rem;max-width:32rem}\n"
    "b{font-size:3.5rem;line-height:1;color:#5b6b8c}\n"
    "h1{font-size:1.4rem;margin:.75rem 0 .25rem}\n"
    "p{margin:0}\n"
    "small{display:block;margin-top:1.5rem;color:#5b6478;overflow-wrap:anywhere}\n"
    "@media(prefers-color-scheme:dark){body{background:#14171f;color:#e6e9f0}"
    "b{color:#8fa3cc}small{color:#9aa3b8}}\n"
    "</style>\n</head>\n<body>\n<main>\n<b>";

void write_html(H1Writer& out, uint16_t status, const PageText& page, std::string_view id) {
  out.put(kHtmlHead);
  put_status(out, status);
  out.put(' ');
  out.put(page.title);
  out.put(kHtmlStyle);
  put_status(out, status);
  out.put("</b>\n<h1>");
  out.put(page.title);
  out.put("</h1>\n<p>");
  out.put(page.message);
  out.put("</p>\n");
  if (!id.empty()) {
    out.put("<small>Request id <code>");
    out.put(id);
    out.put("</code></small>\n");
  }
  out.put("</main>\n</body>\n</html>\n");
}

}  // namespace

PageType page_type(const FieldList& fields) {
  Wishes wishes;
  for (const Field& field : fields.all()) {
    if (field.id == FieldName::Accept) wishes.consider(field.value);
  }
  return wishes.best();
}

PageType page_type(std::string_view accept) {
  Wishes wishes;
  wishes.consider(accept);
  return wishes.best();
}

std::string_view content_type(PageType type) {
  switch (type) {
    case PageType::Text: return "text/plain; charset=utf-8";
    case PageType::Html: return "text/html; charset=utf-8";
    case PageType::Json: return "application/json";
  }
  return {};
}

uint16_t status_of_page(uint16_t code) { return code >= 495 && code <= 497 ? 400 : code; }

size_t write_error_page(MutableBytes room, PageType type, uint16_t code,
                        std::string_view request_id) {
  DCHECK(room.size() >= kErrorPageMost);
  DCHECK(code >= 400 && code <= 599);
  DCHECK(request_id.empty() || is_request_id(request_id));
  H1Writer out(room);
  uint16_t status = status_of_page(code);
  PageText page = text_of(code);
  switch (type) {
    case PageType::Text: write_text(out, status, page, request_id); break;
    case PageType::Html: write_html(out, status, page, request_id); break;
    case PageType::Json: write_json(out, status, page, request_id); break;
  }
  DCHECK(!out.overflown());
  return out.size();
}

}  // namespace sallyport
