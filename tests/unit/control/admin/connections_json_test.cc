#include "control/admin/connections_json.h"

#include <gtest/gtest.h>
#include <rapidjson/document.h>

namespace sallyport {
namespace {

TEST(ConnectionsJson, SaysWhatIsKnown) {
  EXPECT_EQ(connections_json({}, 7), "{\"total\":7,\"connections\":[]}\n");

  ConnectionRecord record;
  record.id = 9;
  record.client = *Address::parse("10.0.0.1:5000");
  record.listener = "https";
  record.site = "shop.example.com";
  record.routed = true;
  record.scenario = Scenario::Passthrough;
  record.sni = "shop\xff";
  record.service = "shop";
  record.endpoint = *Address::parse("[::1]:8443");
  record.bytes_from_client = 1;
  record.bytes_from_backend = 2;
  record.duration = Micros(3);
  record.doing = "relaying";
  ConnectionInfo whole = connection_info(record);
  ConnectionInfo bare;
  bare.listener = "https";
  bare.doing = "reading the ClientHello";
  EXPECT_EQ(connections_json({whole, bare}, 2),
            R"({"total":2,"connections":[{"id":9,"start":"1970-01-01T00:00:00.000000Z",)"
            R"("listener":"https","client":"10.0.0.1:5000","site":"shop.example.com",)"
            R"("scenario":"passthrough","sni":"shop)"
            "\xef\xbf\xbd"
            R"(","service":"shop","endpoint":"[::1]:8443","bytes_from_client":1,)"
            R"("bytes_from_backend":2,"age_us":3,"doing":"relaying"},)"
            R"({"id":0,"start":"1970-01-01T00:00:00.000000Z","listener":"https","client":"-",)"
            R"("bytes_from_client":0,"bytes_from_backend":0,"age_us":0,)"
            R"("doing":"reading the ClientHello"}]})"
            "\n");
}

}  // namespace
}  // namespace sallyport
