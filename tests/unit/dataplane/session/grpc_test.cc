#include "dataplane/session/grpc.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

FieldList fields_of(std::string_view name, std::string_view value) {
  FieldList fields;
  fields.add({name, value, field_name(name)});
  return fields;
}

TEST(Grpc, IsToldByItsContentType) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;a=b",
                           "Application/GRPC"}) {
    EXPECT_TRUE(is_grpc(fields_of("content-type", type))) << type;
  }
  for (const char* type : {"", "application/grp", "application/grpc-web", "text/plain"}) {
    EXPECT_FALSE(is_grpc(fields_of("content-type", type))) << type;
  }
  EXPECT_FALSE(is_grpc(FieldList()));
}

TEST(Grpc, TimeoutsHaveDigitsAndAUnit) {
  auto of = [](const char* value) { return grpc_timeout(fields_of("grpc-timeout", value)); };
  EXPECT_EQ(of("1H"), Micros(3'600'000'000));
  EXPECT_EQ(of("2M"), Micros(120'000'000));
  EXPECT_EQ(of("3S"), Micros(3'000'000));
  EXPECT_EQ(of("4m"), Micros(4'000));
  EXPECT_EQ(of("5u"), Micros(5));
  EXPECT_EQ(of("6000n"), Micros(6));
  EXPECT_EQ(of("99999999H"), Micros(int64_t{99'999'999} * 3'600'000'000));
  for (const char* bad : {"", "1", "S", "1s", "-1S", "123456789S", "1 S", "1.5S"}) {
    EXPECT_FALSE(of(bad)) << bad;
  }
  EXPECT_FALSE(grpc_timeout(fields_of("grpc_timeout", "1S")));
}

TEST(Grpc, EveryStatusOfOursIsAFailure) {
  for (int code : {400, 403, 404, 405, 408, 413, 421, 429, 431, 500, 502, 503, 504}) {
    auto status = static_cast<uint16_t>(code);
    EXPECT_GT(grpc_status(status), 0) << status;
    EXPECT_LE(grpc_status(status), 16) << status;
  }
  EXPECT_EQ(grpc_status(503), 14);
  EXPECT_EQ(grpc_status(504), 4);
}

}  // namespace
}  // namespace sallyport
