#include "dataplane/base/timestamp.h"

#include <cstring>

namespace sallyport {

namespace {

void digits(char* out, size_t width, uint64_t value) {
  for (size_t i = width; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

void write_timestamp(WallTime time, char* out) {
  using namespace std::chrono;
  sys_days day = floor<days>(time);
  year_month_day date(day);
  uint64_t micros = static_cast<uint64_t>((time - day).count());
  std::memcpy(out, "0000-00-00T00:00:00.000000Z", kTimestampSize);
  digits(out, 4, static_cast<uint64_t>(static_cast<int>(date.year())));
  digits(out + 5, 2, static_cast<unsigned>(date.month()));
  digits(out + 8, 2, static_cast<unsigned>(date.day()));
  uint64_t second = micros / 1'000'000;
  digits(out + 11, 2, second / 3600);
  digits(out + 14, 2, second / 60 % 60);
  digits(out + 17, 2, second % 60);
  digits(out + 20, 6, micros % 1'000'000);
}

}  // namespace sallyport
