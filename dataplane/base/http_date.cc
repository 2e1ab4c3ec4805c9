#include "dataplane/base/http_date.h"

#include <cstring>

namespace sallyport {

namespace {

constexpr char kDays[] = "SunMonTueWedThuFriSat";
constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void two_digits(char* out, unsigned number) {
  out[0] = static_cast<char>('0' + number / 10 % 10);
  out[1] = static_cast<char>('0' + number % 10);
}

}  // namespace

std::string_view HttpDate::text(WallTime now) {
  auto second = std::chrono::floor<Seconds>(now);
  if (second == second_) return {text_.data(), text_.size()};
  second_ = second;
  auto day = std::chrono::floor<std::chrono::days>(second);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss time(second - day);
  std::memcpy(text_.data(), "Sun, 00 Jan 0000 00:00:00 GMT", text_.size());
  std::memcpy(&text_[0], kDays + 3 * std::chrono::weekday(day).c_encoding(), 3);
  two_digits(&text_[5], static_cast<unsigned>(date.day()));
  std::memcpy(&text_[8], kMonths + 3 * (static_cast<unsigned>(date.month()) - 1), 3);
  unsigned year = static_cast<unsigned>(static_cast<int>(date.year()));
  two_digits(&text_[12], year / 100);
  two_digits(&text_[14], year % 100);
  two_digits(&text_[17], static_cast<unsigned>(time.hours().count()));
  two_digits(&text_[20], static_cast<unsigned>(time.minutes().count()));
  two_digits(&text_[23], static_cast<unsigned>(time.seconds().count()));
  return {text_.data(), text_.size()};
}

}  // namespace sallyport
