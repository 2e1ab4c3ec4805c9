#include "bench/common/http_message.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace sallyport::bench {
namespace {

constexpr size_t kHeadMax = 64 * 1024;
constexpr size_t kLineMax = 4 * 1024;

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (same(item, token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

template <class T>
bool number(std::string_view text, T& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void HttpMessage::reset(bool bodyless) {
  bodyless_ = bodyless;
  state_ = State::Head;
  head_.clear();
  status_ = 0;
  last_ = length_given_ = false;
  framing_ = Framing::Length;
  left_ = body_bytes_ = 0;
  chunk_ = Chunk::Size;
  line_.clear();
}

size_t HttpMessage::feed(Bytes bytes) {
  size_t used = 0;
  while (used < bytes.size() && state_ != State::Done && state_ != State::Bad) {
    const Bytes rest = bytes.subspan(used);
    used += state_ == State::Head ? feed_head(rest) : feed_body(rest);
  }
  return used;
}

void HttpMessage::end_of_stream() {
  if (state_ == State::Body && framing_ == Framing::UntilClose) state_ = State::Done;
}

size_t HttpMessage::feed_head(Bytes bytes) {
  const size_t before = head_.size();
  head_ += as_text(bytes);
  const size_t end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    if (head_.size() > kHeadMax) state_ = State::Bad;
    return bytes.size();
  }
  head_.resize(end + 4);
  const size_t used = head_.size() - before;
  if (!parse_head()) {
    state_ = State::Bad;
  } else if (kind_ == Kind::Response && status_ / 100 == 1 && status_ != 101) {
    reset(bodyless_);
  } else {
    begin_body();
  }
  return used;
}

bool HttpMessage::parse_head() {
  std::string_view rest(head_);
  bool first = true;
  for (;;) {
    const size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line.empty()) return !first;
    if (first) {
      if (!parse_start_line(line)) return false;
      first = false;
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    if (!parse_field(line.substr(0, colon), value)) return false;
  }
}

bool HttpMessage::parse_start_line(std::string_view line) {
  const size_t first = line.find(' ');
  if (first == std::string_view::npos) return false;
  if (kind_ == Kind::Response) {
    last_ = line.substr(0, first) == "HTTP/1.0";
    return line.starts_with("HTTP/1.") && number(line.substr(first + 1, 3), status_);
  }
  const size_t second = line.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  method_ = line.substr(0, first);
  path_ = line.substr(first + 1, second - first - 1);
  last_ = line.substr(second + 1) == "HTTP/1.0";
  return line.substr(second + 1).starts_with("HTTP/1.");
}

bool HttpMessage::parse_field(std::string_view name, std::string_view value) {
  if (same(name, "content-length")) {
    length_given_ = true;
    return number(value, left_);
  }
  if (same(name, "transfer-encoding")) {
    framing_ = Framing::Chunked;
    return same(value, "chunked");
  }
  if (same(name, "connection")) {
    if (has_token(value, "close")) last_ = true;
    if (has_token(value, "keep-alive")) last_ = false;
  }
  return true;
}

// RFC 9112 section 6.3.
void HttpMessage::begin_body() {
  const bool never = bodyless_ || status_ == 204 || status_ == 304 || status_ == 101;
  if (never) {
    framing_ = Framing::Length;
    left_ = 0;
  } else if (framing_ != Framing::Chunked && !length_given_ && kind_ == Kind::Response) {
    framing_ = Framing::UntilClose;
    last_ = true;
  }
  state_ = framing_ == Framing::Length && left_ == 0 ? State::Done : State::Body;
}

size_t HttpMessage::feed_body(Bytes bytes) {
  if (framing_ == Framing::Chunked) return feed_chunked(bytes);
  size_t used = bytes.size();
  if (framing_ == Framing::Length) {
    used = std::min<uint64_t>(used, left_);
    left_ -= used;
    if (left_ == 0) state_ = State::Done;
  }
  body_bytes_ += used;
  return used;
}

// RFC 9112 section 7.1.
size_t HttpMessage::feed_chunked(Bytes bytes) {
  if (chunk_ == Chunk::Data) {
    const size_t used = std::min<uint64_t>(bytes.size(), left_);
    left_ -= used;
    body_bytes_ += used;
    if (left_ == 0) chunk_ = Chunk::DataEnd;
    return used;
  }
  const std::string_view text = as_text(bytes);
  const size_t newline = text.find('\n');
  line_ += text.substr(0, newline);
  if (newline == std::string_view::npos) {
    if (line_.size() > kLineMax) state_ = State::Bad;
    return bytes.size();
  }
  chunk_line();
  line_.clear();
  return newline + 1;
}

void HttpMessage::chunk_line() {
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  switch (chunk_) {
    case Chunk::Size: {
      const std::string_view size = std::string_view(line_).substr(0, line_.find(';'));
      if (!number(size, left_, 16)) state_ = State::Bad;
      chunk_ = left_ == 0 ? Chunk::Trailer : Chunk::Data;
      return;
    }
    case Chunk::DataEnd:
      if (!line_.empty()) state_ = State::Bad;
      chunk_ = Chunk::Size;
      return;
    case Chunk::Trailer:
      if (line_.empty()) state_ = State::Done;
      return;
    case Chunk::Data: return;
  }
}

}  // namespace sallyport::bench
