#include "tests/sim/http_reader.h"

#include <algorithm>

namespace sallyport::sim {

namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 127; });
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return made;
}

bool parse_field(std::string_view line, HttpText& into) {
  size_t colon = line.find(": ");
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  std::string_view value = line.substr(colon + 2);
  if (!is_plain(value) || value.starts_with(' ') || value.ends_with(' ')) return false;
  into.fields.emplace_back(lower(line.substr(0, colon)), value);
  return true;
}

/// Without the empty line. False: it is no head that a proxy writes.
bool parse_head(std::string_view text, HttpText& head) {
  for (bool first = true; !text.empty(); first = false) {
    size_t end = text.find("\r\n");
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    if (!first) {
      if (!parse_field(line, head)) return false;
      continue;
    }
    size_t one = line.find(' ');
    size_t two = one == std::string_view::npos ? one : line.find(' ', one + 1);
    if (two == std::string_view::npos || !is_plain(line)) return false;
    head.first = line.substr(0, one);
    head.second = line.substr(one + 1, two - one - 1);
    head.third = line.substr(two + 1);
  }
  // What decides about framing and routing comes once or not at all.
  for (std::string_view name : {"content-length", "transfer-encoding", "host", "connection"}) {
    auto of_name = [&](const auto& field) { return field.first == name; };
    if (std::count_if(head.fields.begin(), head.fields.end(), of_name) > 1) return false;
  }
  const std::string* length = head.find("content-length");
  const std::string* coding = head.find("transfer-encoding");
  if (length && coding) return false;
  if (coding && *coding != "chunked") return false;
  return !length || (!length->empty() && length->size() < 19 &&
                     length->find_first_not_of("0123456789") == std::string::npos);
}

}  // namespace

const std::string* HttpText::find(std::string_view name) const {
  for (const auto& [of, value] : fields) {
    if (of == name) return &value;
  }
  return nullptr;
}

uint64_t HttpText::number(std::string_view name) const {
  const std::string* value = find(name);
  return value ? std::strtoull(value->c_str(), nullptr, 10) : 0;
}

HttpBody HttpBody::of(const HttpText& head) {
  if (head.find("transfer-encoding")) return {Framing::Chunked};
  uint64_t length = head.number("content-length");
  return {length > 0 ? Framing::Length : Framing::None, length};
}

void HttpReader::feed(Bytes bytes) {
  if (state_ == State::Dead) return;
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!buffer_.empty() && step()) {}
}

void HttpReader::feed_end() {
  if (state_ != State::Rest) return;
  // A tunnel's end is its owner's business.
  if (framing_ == HttpBody::Framing::UntilClose) end_message();
}

bool HttpReader::die(const std::string& what) {
  state_ = State::Dead;
  std::string some = buffer_.substr(0, 200);
  buffer_.clear();
  sink_.on_nonsense(what + ": " + some);
  return false;
}

void HttpReader::end_message() {
  state_ = State::Head;
  sink_.on_message_end();
}

void HttpReader::take_body(uint64_t most) {
  size_t n = static_cast<size_t>(std::min<uint64_t>(most, buffer_.size()));
  std::string taken = buffer_.substr(0, n);
  buffer_.erase(0, n);
  sink_.on_body(as_bytes(taken));
}

bool HttpReader::take_line(std::string& line) {
  size_t end = buffer_.find("\r\n");
  if (end == std::string::npos) return false;
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return true;
}

// False: more has to come first.
bool HttpReader::step() {
  std::string line;
  switch (state_) {
    case State::Head: return head();
    case State::Length:
    case State::ChunkData: {
      uint64_t before = buffer_.size();
      take_body(left_);
      left_ -= before - buffer_.size();
      if (left_ > 0) return true;
      state_ == State::ChunkData ? void(state_ = State::ChunkEnd) : end_message();
      return true;
    }
    case State::ChunkSize: return chunk_size();
    case State::ChunkEnd:
      if (!take_line(line)) return false;
      if (!line.empty()) return die("bytes behind a chunk");
      state_ = State::ChunkSize;
      return true;
    case State::Trailers: {
      if (!take_line(line)) return false;
      if (line.empty()) {
        end_message();
        return true;
      }
      HttpText trailers;
      return parse_field(line, trailers) || die("trailers");
    }
    case State::Rest:
      take_body(buffer_.size());
      return true;
    case State::Dead: return false;
  }
  return false;
}

bool HttpReader::head() {
  size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  HttpText text;
  if (!parse_head(std::string_view(buffer_).substr(0, end), text)) return die("a head");
  buffer_.erase(0, end + 4);
  HttpBody body = sink_.on_head(text);
  if (state_ == State::Dead) return false;
  framing_ = body.framing;
  left_ = body.length;
  switch (body.framing) {
    case HttpBody::Framing::None: end_message(); break;
    case HttpBody::Framing::Length: state_ = State::Length; break;
    case HttpBody::Framing::Chunked: state_ = State::ChunkSize; break;
    case HttpBody::Framing::UntilClose:
    case HttpBody::Framing::Tunnel: state_ = State::Rest; break;
  }
  return true;
}

bool HttpReader::chunk_size() {
  std::string line;
  if (!take_line(line)) return false;
  bool hex = !line.empty() && line.size() <= 16 &&
             line.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!hex) return die("a chunk's size");
  left_ = std::strtoull(line.c_str(), nullptr, 16);
  state_ = left_ > 0 ? State::ChunkData : State::Trailers;
  return true;
}

}  // namespace sallyport::sim
