// The lines of a stream that arrives in pieces.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::kube {

/// A piece may end anywhere, inside a character too. Its memory is one line's.
class LineSplitter {
 public:
  explicit LineSplitter(size_t most) : most_(most) {}

  /// Calls `line(text)` for each line that is complete, without its end and if it is not empty.
  /// `line` returns whether to go on. False: it did not, or a line is longer than `most`.
  template <class F>
  bool feed(std::string_view piece, F&& line) {
    while (!piece.empty()) {
      size_t end = piece.find('\n');
      std::string_view part = piece.substr(0, end);
      if (begun_.size() + part.size() > most_) return false;
      if (end == std::string_view::npos) {
        begun_ += part;
        return true;
      }
      piece.remove_prefix(end + 1);
      if (!give(part, line)) return false;
    }
    return true;
  }

  /// Nothing of a line has come whose end has not.
  bool at_border() const { return begun_.empty(); }
  void reset() { begun_.clear(); }

 private:
  template <class F>
  bool give(std::string_view part, F&& line) {
    if (begun_.empty()) return part.empty() || line(part);
    begun_ += part;
    std::string whole = std::move(begun_);
    begun_.clear();
    return line(std::string_view(whole));
  }

  size_t most_;
  std::string begun_;
};

}  // namespace sallyport::kube
