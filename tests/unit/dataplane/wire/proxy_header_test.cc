#include "dataplane/wire/proxy_header.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/proxy_header_rules.h"

namespace sallyport {
namespace {

using namespace std::string_literals;

const std::string kCorpus = SALLYPORT_SOURCE_DIR "/tests/fuzz/corpus/proxy_header/";
const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kIps4 = "\xc0\x00\x02\x01\xc6\x33\x64\x02"s;  // 192.0.2.1, 198.51.100.2
const std::string kPorts = "\xdd\xd5\x01\xbb"s;                 // 56789, 443
const std::string kBlock4 = kIps4 + kPorts;
constexpr char kProxy = 0x21, kLocal = 0x20;

std::string length(size_t size) {
  return {static_cast<char>(size >> 8), static_cast<char>(size)};
}
std::string v2(char command, char family, const std::string& block) {
  return kSignature + command + family + length(block.size()) + block;
}
std::string tcp4(const std::string& tlvs) { return v2(kProxy, 0x11, kBlock4 + tlvs); }
std::string tlv(int type, const std::string& value) {
  return static_cast<char>(type) + length(value.size()) + value;
}

std::string ip6(const char* text) {
  Address address = *Address::parse_ip(text);
  return {reinterpret_cast<const char*>(address.ip_bytes()), address.ip_size()};
}

Address at(const char* text) { return *Address::parse(text); }

std::string corpus_file(const std::string& name) {
  std::ifstream file(kCorpus + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

ProxyLook look(std::string_view received) { return look_at_proxy(as_bytes(received)); }

struct Accepted {
  const char* what;
  std::string header;
  std::string source = "192.0.2.1:56789";
  std::string destination = "198.51.100.2:443";
  std::string authority = "";
  std::string alpn = "";
};

std::vector<Accepted> version1() {
  std::string longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  std::string end = ":ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  return {
      {"TCP4", "PROXY TCP4 192.0.2.1 198.51.100.2 56789 443\r\n"},
      {"TCP4, largest", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
       "255.255.255.255:65535", "255.255.255.255:65535"},
      {"port 0", "PROXY TCP4 192.0.2.1 198.51.100.2 0 443\r\n", "192.0.2.1:0"},
      {"TCP6", "PROXY TCP6 2001:db8::1 ::1 56789 443\r\n", "[2001:db8::1]:56789", "[::1]:443"},
      {"TCP6, upper case", "PROXY TCP6 2001:DB8::A ::1 1 2\r\n", "[2001:db8::a]:1", "[::1]:2"},
      {"TCP6, largest", "PROXY TCP6 " + longest + " " + longest + " 65535 65535\r\n",
       "[" + longest + "]:65535", "[" + longest + "]:65535"},
      {"TCP6, mapped", "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 56789 443\r\n"},
      {"UNKNOWN", "PROXY UNKNOWN\r\n", "-", "-"},
      {"UNKNOWN and anything", "PROXY UNKNOWN \xff whatever\r\n", "-", "-"},
      {"UNKNOWN, 107 bytes", "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "-", "-"},
  };
}

std::vector<Accepted> version2() {
  std::string ips6 = ip6("2001:db8::1") + ip6("2001:db8::2");
  std::string mapped = std::string(10, '\0') + "\xff\xff" + kIps4.substr(0, 4) +
                       std::string(10, '\0') + "\xff\xff" + kIps4.substr(4);
  std::string long_name(255, 'n');
  std::string tls = tlv(0x20, "\x01\x00\x00\x00\x00"s + tlv(0x21, "TLSv1.3") + tlv(0x7f, ""));
  return {
      {"IPv4", tcp4("")},
      {"IPv6", v2(kProxy, 0x21, ips6 + kPorts), "[2001:db8::1]:56789", "[2001:db8::2]:443"},
      {"IPv6, mapped", v2(kProxy, 0x21, mapped + kPorts)},
      {"authority and ALPN", tcp4(tlv(2, "a.example") + tlv(1, "h2")), "192.0.2.1:56789",
       "198.51.100.2:443", "a.example", "h2"},
      {"authority of 255 bytes", tcp4(tlv(2, long_name)), "192.0.2.1:56789", "198.51.100.2:443",
       long_name},
      {"padding, twice", tcp4(tlv(4, "") + tlv(4, "\0\0"s))},
      {"unknown types, twice", tcp4(tlv(0x30, "ns") + tlv(0xea, "x") + tlv(0xea, "y"))},
      {"unique id of 128 bytes", tcp4(tlv(5, std::string(128, 'u')))},
      {"TLS", tcp4(tls)},
      {"longest", tcp4(tlv(4, std::string(kMaxProxyHeader - 16 - 12 - 3, '\0')))},
      {"LOCAL", v2(kLocal, 0, ""), "-", "-"},
      {"LOCAL, of a family that does not exist", v2(kLocal, 0x77, "whatever"), "-", "-"},
      {"LOCAL, with addresses", v2(kLocal, 0x11, kBlock4 + tlv(2, "a.example")), "-", "-"},
      {"unspecified", v2(kProxy, 0, ""), "-", "-"},
      {"unspecified, with a block", v2(kProxy, 0, "whatever"), "-", "-"},
      {"IPv4 over an unspecified transport", v2(kProxy, 0x10, kBlock4), "-", "-"},
      {"UDP", v2(kProxy, 0x12, kBlock4 + tlv(2, "a.example")), "-", "-", "a.example"},
      {"UDP over IPv6", v2(kProxy, 0x22, ips6 + kPorts), "-", "-"},
      {"Unix", v2(kProxy, 0x31, std::string(216, '/')), "-", "-"},
  };
}

std::vector<Accepted> written_by_haproxy() {
  auto from = [](const char* name, const char* source, const char* destination) {
    std::string bytes = corpus_file(name);
    EXPECT_TRUE(bytes.ends_with("hi\n")) << name;
    return Accepted{name, bytes.substr(0, bytes.size() - 3), source, destination};
  };
  std::vector<Accepted> all = {
      from("haproxy_v1_4", "127.0.0.1:41658", "127.0.0.1:53943"),
      from("haproxy_v1_6", "[::1]:55832", "[::1]:54057"),
      from("haproxy_v2_4", "127.0.0.1:34238", "127.0.0.1:36575"),
      from("haproxy_v2_6", "[::1]:57950", "[::1]:55673"),
      from("haproxy_v2_crc_4", "127.0.0.1:53808", "127.0.0.1:60295"),
      from("haproxy_v2_crc_6", "[::1]:46052", "[::1]:47417"),
      from("haproxy_v2_tls_4", "127.0.0.1:49004", "127.0.0.1:36535"),
      from("haproxy_v2_tls_6", "[::1]:59136", "[::1]:34589"),
  };
  for (size_t i = all.size() - 2; i < all.size(); ++i) {
    all[i].authority = "front.example.com";
    all[i].alpn = "http/1.1";
  }
  return all;
}

TEST(ProxyHeader, IsReadAsItWasSent) {
  std::vector<Accepted> all = version1();
  std::ranges::move(version2(), std::back_inserter(all));
  std::ranges::move(written_by_haproxy(), std::back_inserter(all));
  for (const Accepted& sample : all) {
    SCOPED_TRACE(sample.what);
    ProxyLook seen = look(sample.header + "PROXY, says the client");
    EXPECT_EQ(seen.status, ProxyStatus::Complete);
    EXPECT_EQ(seen.used, sample.header.size());
    EXPECT_EQ(seen.header.local, sample.source == "-");
    EXPECT_EQ(seen.header.source.text(), sample.source);
    EXPECT_EQ(seen.header.destination.text(), sample.destination);
    EXPECT_EQ(seen.header.authority(), sample.authority);
    EXPECT_EQ(seen.header.alpn(), sample.alpn);
    check_proxy_header(as_bytes(sample.header));
    for (size_t size = 0; size < sample.header.size(); ++size) {
      // A copy of its own, so that the sanitizer sees a byte too many being read.
      std::string prefix = sample.header.substr(0, size);
      prefix.shrink_to_fit();
      ASSERT_EQ(look(prefix).status, ProxyStatus::NeedMore) << size;
    }
  }
}

TEST(ProxyHeader, IsAbsentAsSoonAsTheFirstBytesCannotBeOne) {
  for (const std::string& bytes :
       {"G"s, "GET / HTTP/1.1\r\n"s, "\x16\x03\x01"s, "PRI * HTTP/2.0\r\n"s, "POST"s, "\r\n\r\nG"s,
        "\r\n\r\n\0\r\nQUIX"s, "proxy TCP4 "s, " PROXY"s, "\0"s}) {
    EXPECT_EQ(look(bytes).status, ProxyStatus::Absent) << bytes;
    check_proxy_header(as_bytes(bytes));
  }
}

struct Refused {
  const char* what;
  std::string bytes;
};

void expect_refused(const std::vector<Refused>& samples) {
  for (const Refused& sample : samples) {
    SCOPED_TRACE(sample.what);
    ProxyLook seen = look(sample.bytes);
    EXPECT_EQ(seen.status, ProxyStatus::Malformed);
    EXPECT_FALSE(seen.header.local || seen.header.source.valid()) << "something of it was kept";
    check_proxy_header(as_bytes(sample.bytes));
  }
}

TEST(ProxyHeader, BrokenLinesAreRefused) {
  auto four = [](const std::string& rest) { return "PROXY TCP4 " + rest + "\r\n"; };
  auto six = [](const std::string& rest) { return "PROXY TCP6 " + rest + "\r\n"; };
  expect_refused({
      {"no space", "PROXYX"},
      {"tab", "PROXY\t"},
      {"two spaces", "PROXY  T"},
      {"no family", "PROXY \r"},
      {"another family", "PROXY TCP5"},
      {"lower case", "PROXY tcp4"},
      {"UDP", "PROXY UDP4"},
      {"family alone", "PROXY TCP4\r"},
      {"UNKNOWN run on", "PROXY UNKNOWNS\r\n"},
      {"bare LF", "PROXY TCP4 192.0.2.1 198.51.100.2 56789 443\n"},
      {"bare CR", "PROXY TCP4 192.0.2.1 198.51.100.2 56789 443\rG"},
      {"LF in UNKNOWN", "PROXY UNKNOWN \n"},
      {"CR in UNKNOWN", "PROXY UNKNOWN a\rb\r\n"},
      {"108 bytes", "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"},
      {"106 bytes without an end", "PROXY TCP4 " + std::string(95, '1')},
      {"no addresses", four("")},
      {"no ports", four("192.0.2.1 198.51.100.2")},
      {"one port", four("192.0.2.1 198.51.100.2 56789")},
      {"an empty port", four("192.0.2.1 198.51.100.2 56789 ")},
      {"three ports", four("192.0.2.1 198.51.100.2 1 2 3")},
      {"space at the end", four("192.0.2.1 198.51.100.2 1 2 ")},
      {"two spaces between", four("192.0.2.1  198.51.100.2 1 2")},
      {"space in front", four(" 192.0.2.1 198.51.100.2 1 2")},
      {"tab between", four("192.0.2.1\t198.51.100.2 1 2")},
      {"leading zero in a port", four("192.0.2.1 198.51.100.2 056789 443")},
      {"port 00", four("192.0.2.1 198.51.100.2 00 443")},
      {"sign", four("192.0.2.1 198.51.100.2 +1 443")},
      {"negative", four("192.0.2.1 198.51.100.2 -1 443")},
      {"port 65536", four("192.0.2.1 198.51.100.2 65536 443")},
      {"hexadecimal port", four("192.0.2.1 198.51.100.2 0x1 443")},
      {"port with a letter", four("192.0.2.1 198.51.100.2 1 443a")},
      {"leading zero in an address", four("192.0.02.1 198.51.100.2 1 2")},
      {"three numbers", four("192.0.2 198.51.100.2 1 2")},
      {"256", four("192.0.2.256 198.51.100.2 1 2")},
      {"NUL behind an address", four("192.0.2.1\0 198.51.100.2 1 2"s)},
      {"a name", four("localhost 198.51.100.2 1 2")},
      {"IPv6 in TCP4", four("::1 198.51.100.2 1 2")},
      {"IPv4 in TCP6", six("::1 198.51.100.2 1 2")},
      {"brackets", six("[::1] [::2] 1 2")},
      {"zone", six("fe80::1%lo ::2 1 2")},
      {"two double colons", six("1::2::3 ::2 1 2")},
      {"nine groups", six("1:2:3:4:5:6:7:8:9 ::2 1 2")},
      {"five digits", six("12345::1 ::2 1 2")},
  });
}

TEST(ProxyHeader, BrokenBlocksAreRefused) {
  std::string ips6 = ip6("2001:db8::1") + ip6("2001:db8::2");
  expect_refused({
      {"version 1, at its byte", kSignature + '\x11'},
      {"version 3", kSignature + '\x31'},
      {"command 2", kSignature + '\x22'},
      {"family 4", v2(kProxy, 0x41, kBlock4)},
      {"transport 3", v2(kProxy, 0x13, kBlock4)},
      {"too long, at its length", kSignature + kProxy + '\x11' + length(kMaxProxyHeader - 15)},
      {"LOCAL and too long", kSignature + kLocal + '\0' + length(65535)},
      {"IPv4 block of 11 bytes", v2(kProxy, 0x11, kBlock4.substr(1))},
      {"IPv4 without a block", v2(kProxy, 0x11, "")},
      {"IPv6 block of 35 bytes", v2(kProxy, 0x21, (ips6 + kPorts).substr(1))},
      {"IPv6 with an IPv4 block", v2(kProxy, 0x21, kBlock4)},
      {"UDP block of 11 bytes", v2(kProxy, 0x12, kBlock4.substr(1))},
      {"Unix block of 215 bytes", v2(kProxy, 0x31, std::string(215, '/'))},
  });
}

TEST(ProxyHeader, BrokenTlvsAreRefused) {
  std::string tls = "\x01\x00\x00\x00\x00"s;
  expect_refused({
      {"one byte", tcp4("\x04")},
      {"half a length", tcp4("\x04\x00"s)},
      {"past the end", tcp4("\x04\x00\x01"s)},
      {"past the end, behind another", tcp4(tlv(4, "x") + "\x02\x00\x09short"s)},
      {"of UDP, past the end", v2(kProxy, 0x12, kBlock4 + "\x04\x00\x01"s)},
      {"authority of 256 bytes", tcp4(tlv(2, std::string(256, 'n')))},
      {"ALPN of 256 bytes", tcp4(tlv(1, std::string(256, 'n')))},
      {"unique id of 129 bytes", tcp4(tlv(5, std::string(129, 'u')))},
      {"authority twice", tcp4(tlv(2, "a.example") + tlv(2, "b.example"))},
      {"ALPN twice", tcp4(tlv(1, "h2") + tlv(1, "h2"))},
      {"TLS twice", tcp4(tlv(0x20, tls) + tlv(0x20, tls))},
      {"TLS of 4 bytes", tcp4(tlv(0x20, tls.substr(1)))},
      {"half a TLV inside of TLS", tcp4(tlv(0x20, tls + "\x21\x00"s))},
      {"a TLV past the end of TLS", tcp4(tlv(0x20, tls + "\x21\x00\x08TLSv1.3"s) + "x")},
      {"checksum of 3 bytes", tcp4(tlv(3, "\0\0\0"s))},
      {"wrong checksum", tcp4(tlv(3, "\0\0\0\0"s))},
  });
}

// HAProxy computed the checksum; no byte that it covers can change.
TEST(ProxyHeader, TheChecksumCoversEveryByte) {
  std::string header = corpus_file("haproxy_v2_crc_4");
  header.resize(header.size() - 3);
  ASSERT_EQ(look(header).status, ProxyStatus::Complete);
  for (size_t i = 16; i < header.size(); ++i) {
    if (i == 28) continue;  // the type of the checksum itself, without which there is none
    std::string changed = header;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(look(changed).status, ProxyStatus::Malformed) << i;
  }
}

std::string written(size_t (*write)(const ProxySend&, MutableBytes), const ProxySend& send) {
  std::array<uint8_t, kMaxProxySend> buffer;
  size_t size = write(send, buffer);
  EXPECT_LE(size, buffer.size());
  check_written_proxy(send);
  return std::string(as_text(Bytes(buffer).first(size)));
}

TEST(ProxyHeader, Version1IsWrittenToTheByte) {
  struct {
    ProxySend send;
    std::string line;
  } cases[] = {
      {{at("192.0.2.1:56789"), at("198.51.100.2:443"), "", "", nullptr},
       "PROXY TCP4 192.0.2.1 198.51.100.2 56789 443\r\n"},
      {{at("[2001:db8::1]:1"), at("[::1]:65535"), "", "", nullptr},
       "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"},
      {{at("192.0.2.1:1"), at("[::1]:2"), "", "", nullptr},
       "PROXY TCP6 ::ffff:c000:201 ::1 1 2\r\n"},
      {{at("[::1]:1"), at("192.0.2.1:2"), "", "", nullptr},
       "PROXY TCP6 ::1 ::ffff:c000:201 1 2\r\n"},
      {{Address(), at("192.0.2.1:2"), "", "", nullptr}, "PROXY UNKNOWN\r\n"},
      {{at("192.0.2.1:2"), Address(), "", "", nullptr}, "PROXY UNKNOWN\r\n"},
  };
  for (const auto& sample : cases) EXPECT_EQ(written(write_proxy_v1, sample.send), sample.line);
}

TEST(ProxyHeader, Version2IsWrittenToTheByte) {
  Address source = at("192.0.2.1:56789"), destination = at("198.51.100.2:443");
  EXPECT_EQ(written(write_proxy_v2, {source, destination, "", "", nullptr}), tcp4(""));
  EXPECT_EQ(written(write_proxy_v2, {source, destination, "a.example", "h2", nullptr}),
            tcp4(tlv(1, "h2") + tlv(2, "a.example")));
  std::string mapped = std::string(10, '\0') + "\xff\xff" + kIps4.substr(0, 4);
  EXPECT_EQ(written(write_proxy_v2, {source, at("[2001:db8::2]:443"), "", "", nullptr}),
            v2(kProxy, 0x21, mapped + ip6("2001:db8::2") + kPorts));
  EXPECT_EQ(written(write_proxy_v2, {Address(), destination, "", "", nullptr}), v2(kProxy, 0, ""));
  // Left out, not cut.
  EXPECT_EQ(written(write_proxy_v2, {source, destination, std::string(256, 'n'), "", nullptr}),
            tcp4(""));
}

TEST(ProxyHeader, TheClientsTlsIsWrittenToTheByte) {
  Address source = at("192.0.2.1:56789"), destination = at("198.51.100.2:443");
  std::string texts = tlv(0x21, "TLSv1.3") + tlv(0x23, "TLS_AES_128_GCM_SHA256");
  std::string name = tlv(0x22, "partner");
  struct {
    const char* what;
    bool client_cert, resumed, verified;
    std::string flags_and_result, common_name;
  } cases[] = {
      {"no certificate", false, false, false, "\x01\x00\x00\x00\x01"s, ""},
      {"nothing can be verified then", false, false, true, "\x01\x00\x00\x00\x01"s, ""},
      {"a good one", true, false, true, "\x07\x00\x00\x00\x00"s, name},
      {"a bad one", true, false, false, "\x07\x00\x00\x00\x01"s, name},
      {"a good one of a session before", true, true, true, "\x05\x00\x00\x00\x00"s, name},
  };
  for (const auto& sample : cases) {
    ProxyTls tls{"TLSv1.3", "TLS_AES_128_GCM_SHA256", sample.client_cert, sample.resumed,
                 sample.verified, "partner"};
    EXPECT_EQ(written(write_proxy_v2, {source, destination, "", "", &tls}),
              tcp4(tlv(0x20, sample.flags_and_result + texts + sample.common_name)))
        << sample.what;
  }
}

TEST(ProxyHeader, TheLongestContentFits) {
  std::string text(255, 'x');
  ProxyTls tls{text, text, true, false, true, text};
  ProxySend send{at("[2001:db8::1]:1"), at("[2001:db8::2]:2"), text, text, &tls};
  EXPECT_EQ(written(write_proxy_v2, send).size(), 16u + 36 + 2 * 258 + 3 + 5 + 3 * 258);
}

// The file's name says what must come of it; the rules that the fuzzer checks hold for each.
TEST(ProxyHeader, TheCorpusIsJudgedAsItsNamesSay) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    std::string name = entry.path().filename(), bytes = corpus_file(name);
    SCOPED_TRACE(name);
    ProxyStatus expected = name.starts_with("refused_")  ? ProxyStatus::Malformed
                           : name.starts_with("absent_") ? ProxyStatus::Absent
                                                         : ProxyStatus::Complete;
    EXPECT_EQ(look(bytes).status, expected);
    check_proxy_header(as_bytes(bytes));
    check_proxy_round_trip(as_bytes(bytes));
    ++files;
  }
  EXPECT_GT(files, 15);
}

}  // namespace
}  // namespace sallyport
