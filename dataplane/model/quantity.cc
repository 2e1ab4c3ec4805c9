#include "dataplane/model/quantity.h"

#include <charconv>
#include <limits>
#include <span>

namespace sallyport {
namespace {

struct Unit {
  std::string_view text;
  uint64_t factor;
};

// From the largest on, so that the first which divides a quantity is the shortest to write.
constexpr Unit kDurations[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr Unit kSizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

// Everything is kept in 64 bits, signed in the case of time.
constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();

Error not_a(const char* kind, std::string_view text, std::string_view right) {
  return Error{"\"" + std::string(text) + "\" is not a " + kind + ": " + std::string(right)};
}

// Splits "30s" into 30 and "s"; false if it does not begin with a digit or is too large.
bool split(std::string_view text, uint64_t& number, std::string_view& unit) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  unit = text.substr(static_cast<size_t>(end - text.data()));
  return error == std::errc() && number <= kMost;
}

const Unit* find(std::span<const Unit> units, std::string_view text) {
  for (const Unit& unit : units) {
    if (unit.text == text) return &unit;
  }
  return nullptr;
}

std::string shortest(std::span<const Unit> units, uint64_t number) {
  for (const Unit& unit : units) {
    if (number != 0 && number % unit.factor == 0) {
      return std::to_string(number / unit.factor) + std::string(unit.text);
    }
  }
  return "0";
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  uint64_t number = 0;
  std::string_view suffix;
  if (!split(text, number, suffix)) {
    return not_a("duration", text, "write a whole number and ms, s, m or h, such as 30s");
  }
  if (suffix.empty()) {
    return not_a("duration", text, "it has no unit, write " + std::string(text) + "s for seconds");
  }
  const Unit* unit = find(kDurations, suffix);
  if (!unit) return not_a("duration", text, "write a whole number and ms, s, m or h, such as 30s");
  if (number > kMost / unit->factor) return not_a("duration", text, "it is too long");
  return Millis(static_cast<int64_t>(number * unit->factor));
}

Result<uint64_t> parse_size(std::string_view text) {
  uint64_t number = 0;
  std::string_view suffix;
  const Unit bytes{"", 1};
  if (!split(text, number, suffix)) {
    return not_a("size", text, "write a whole number and KiB, MiB or GiB, such as 64KiB");
  }
  const Unit* unit = suffix.empty() ? &bytes : find(kSizes, suffix);
  if (!unit) return not_a("size", text, "write a whole number and KiB, MiB or GiB, such as 64KiB");
  if (number > kMost / unit->factor) return not_a("size", text, "it is too large");
  return number * unit->factor;
}

Result<uint64_t> parse_count(std::string_view text) {
  uint64_t number = 0;
  std::string_view suffix;
  if (!split(text, number, suffix) || !suffix.empty()) {
    return not_a("number", text, "write a whole number, such as 1000");
  }
  return number;
}

std::string duration_text(Millis duration) {
  if (duration == Millis(0)) return "0s";
  return shortest(kDurations, static_cast<uint64_t>(duration.count()));
}

std::string size_text(uint64_t bytes) { return shortest(kSizes, bytes); }

}  // namespace sallyport
