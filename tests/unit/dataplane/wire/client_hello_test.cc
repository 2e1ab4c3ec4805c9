#include "dataplane/wire/client_hello.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/client_hello_rules.h"
#include "tests/unit/dataplane/wire/hello_builder.h"

namespace sallyport {
namespace {

using namespace std::string_literals;

const std::string kCorpus = SALLYPORT_SOURCE_DIR "/tests/fuzz/corpus/client_hello/";

std::string corpus_file(const std::string& name) {
  std::ifstream file(kCorpus + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

HelloLook look(std::string_view received, size_t limit = kHelloLimit) {
  return look_at_hello(as_bytes(received), limit);
}

std::string split(const Hello& hello, std::vector<size_t> sizes) {
  std::string message = hello.message();
  return std::string(as_text(in_hello_records(as_bytes(message), std::move(sizes))));
}

/// A hello whose message has `size` bytes: padded as RFC 7685 does.
Hello hello_of_size(size_t size) {
  Hello hello;
  hello.extensions = sni_extension("large.example.com") + versions_extension({0x0304});
  size_t padding = size - hello.message().size() - 4;
  *hello.extensions += extension(21, std::string(padding, '\0'));
  return hello;
}

struct Accepted {
  const char* what;
  std::string bytes;
  std::string sni;
  std::string alpn = "";
  unsigned version = 0x0303;
};

std::vector<Accepted> captured() {
  auto from = [](const char* name, std::string sni, std::string alpn, unsigned version) {
    return Accepted{name, corpus_file(name), std::move(sni), std::move(alpn), version};
  };
  return {
      from("s_client_tls13", "shop.example.com", "h2,http/1.1", 0x0304),
      from("s_client_tls12", "bank.example.com", "", 0x0303),
      from("s_client_no_name", "", "", 0x0304),
      from("s_client_tls12_bare", "", "", 0x0303),
      from("s_client_ip_name", "192.0.2.7", "", 0x0304),
      from("s_client_early_data", "early.example.com", "", 0x0304),
      from("curl_h2", "vault.example.com", "h2,http/1.1", 0x0304),
      from("curl_tls12", "vault.example.com", "http/1.1", 0x0303),
      from("wget_gnutls", "localhost", "", 0x0304),
      from("python_tls13", "python.example.com", "", 0x0304),
      from("python_tls12_alpn", "db.example.com", "postgresql", 0x0303),
      from("node", "node.example.com", "http/1.1", 0x0304),
      from("java", "java.example.com", "", 0x0304),
      from("browser_post_quantum", "browser.example.com", "h2,http/1.1", 0x0304),
      from("browser_post_quantum_four_records", "browser.example.com", "h2,http/1.1", 0x0304),
      from("tiny_records", "tiny.example.com", "", 0x0304),
      from("no_extensions", "", "", 0x0303),
  };
}

std::vector<Accepted> made() {
  Hello bare, tls10, from_the_future;
  bare.extensions.reset();
  tls10.legacy_version = 0x0301;
  from_the_future.legacy_version = 0x0305;
  std::string longest = std::string(255, 'a'), plain = Hello().message();
  return {
      {"without extensions", record(bare.message()), ""},
      {"with no extension in the list", record(plain), ""},
      {"TLS 1.0", record(tls10.message()), "", "", 0x0301},
      {"legacy_version alone offers no TLS 1.3", record(from_the_future.message()), ""},
      {"record version 3.0", record(plain, 0x0300), ""},
      {"record version 3.3", record(plain, 0x0303), ""},
      {"record version 3.4, which counts for nothing", record(plain, 0x0304), ""},
      {"upper case", hello_with(sni_extension("WWW.Example.ORG")), "www.example.org"},
      {"trailing dot", hello_with(sni_extension("www.example.org.")), "www.example.org"},
      {"one label", hello_with(sni_extension("localhost")), "localhost"},
      {"underscore and hyphens", hello_with(sni_extension("-a_b-.example")), "-a_b-.example"},
      {"punycode", hello_with(sni_extension("xn--bcher-kva.example")), "xn--bcher-kva.example"},
      {"IPv4 literal", hello_with(sni_extension("192.0.2.1")), "192.0.2.1"},
      {"name of 255 bytes", hello_with(sni_extension(longest)), longest},
      {"GREASE versions", hello_with(versions_extension({0xfafa, 0x0303, 0x0304, 0x7f1c})), "", "",
       0x0304},
      {"no new versions", hello_with(versions_extension({0x0301, 0x0302})), "", "", 0x0302},
      {"only GREASE versions", hello_with(versions_extension({0x0a0a})), "", "", 0},
      {"ALPN that is no text", hello_with(alpn_extension({"\x0a\x0a", "a,b", "h2"})), "",
       "\?\?,a?b,h2"},
      {"unknown and GREASE extensions",
       hello_with(extension(0xaaaa, "") + sni_extension("a.example") + extension(0x1a1a, "x")),
       "a.example"},
      {"pre_shared_key at the end", hello_with(sni_extension("a.example") + extension(41, "psk")),
       "a.example"},
      {"followed by early data", record(plain) + "\x17\x03\x03\xff\xff"s, ""},
      {"followed by anything", record(plain) + "no record", ""},
  };
}

TEST(ClientHello, IsReadAsItWasSent) {
  std::vector<Accepted> all = captured();
  std::ranges::move(made(), std::back_inserter(all));
  for (const Accepted& sample : all) {
    SCOPED_TRACE(sample.what);
    HelloLook seen = look(sample.bytes);
    EXPECT_EQ(seen.status, HelloStatus::Complete);
    EXPECT_EQ(seen.hello.sni(), sample.sni);
    EXPECT_EQ(seen.hello.alpn_text(), sample.alpn);
    EXPECT_EQ(seen.hello.version(), sample.version);
    check_client_hello(as_bytes(sample.bytes));
  }
}

struct Refused {
  const char* what;
  std::string bytes;
  HelloStatus status = HelloStatus::Malformed;
};

void expect_refused(const std::vector<Refused>& samples) {
  for (const Refused& sample : samples) {
    SCOPED_TRACE(sample.what);
    HelloLook seen = look(sample.bytes);
    EXPECT_EQ(seen.status, sample.status);
    EXPECT_EQ(seen.hello.sni(), "") << "something of it was kept";
    check_client_hello(as_bytes(sample.bytes));
  }
}

TEST(ClientHello, WhatIsNotTlsIsSeenAtItsFirstBytes) {
  expect_refused({
      {"HTTP", "G", HelloStatus::NotTls},
      {"SSH", "SSH-2.0-OpenSSH_9.2\r\n", HelloStatus::NotTls},
      {"SSLv2 hello", "\x80\x2e\x01\x03\x01"s, HelloStatus::NotTls},
      {"PROXY header", "PROXY TCP4 ", HelloStatus::NotTls},
      {"an alert", "\x15\x03\x01\x00\x02\x01\x00"s, HelloStatus::NotTls},
      {"application data", "\x17\x03\x03\x00\x10"s, HelloStatus::NotTls},
      {"another major version", "\x16\x02"s, HelloStatus::NotTls},
      {"DTLS", "\x16\xfe\xff"s, HelloStatus::NotTls},
  });
}

TEST(ClientHello, BrokenRecordsAreRefused) {
  std::string message = Hello().message();
  std::string_view whole = message, begin = whole.substr(0, 20), end = whole.substr(20);
  expect_refused({
      {"empty record first", "\x16\x03\x01\x00\x00"s},
      {"empty record between", record(begin) + record("") + record(end)},
      {"record longer than 2^14, at its header", "\x16\x03\x01\x40\x01"s},
      {"not a ClientHello, at its first byte", "\x16\x03\x01\x00\x30\x02"s},
      {"ServerHello in a tiny record", record("\x02")},
      {"more in the record, at the length", "\x16\x03\x01\x00\x30\x01\x00\x00\x29"s},
      {"a second message in the record", record(message + "\x14\x00\x00\x00"s)},
      {"a second message in the last record", record(begin) + record(std::string(end) + "\x01")},
      {"an alert between", record(begin) + record("\x01\x00"s, 0x0301, 21) + record(end)},
      {"change_cipher_spec between", record(begin) + record("\x01", 0x0301, 20) + record(end)},
      {"another major version between", record(begin) + record(end, 0x0201)},
  });
}

std::string changed(void (*change)(Hello&)) {
  Hello hello;
  change(hello);
  return record(hello.message());
}

TEST(ClientHello, BrokenFieldsAreRefused) {
  std::string body = Hello().body();
  auto cut = [&](size_t size) { return record('\1' + vec(3, body.substr(0, size))); };
  expect_refused({
      {"empty message", record("\x01\x00\x00\x00"s)},
      {"ends in the random", cut(33)},
      {"ends before the session id", cut(34)},
      {"ends in the cipher suites", cut(38)},
      {"ends before the compression methods", cut(41)},
      {"ends in the length of the extensions", cut(body.size() - 1)},
      {"bytes after the extensions", record('\1' + vec(3, body + "x"))},
      {"legacy_version 2.0", changed([](Hello& h) { h.legacy_version = 0x0200; })},
      {"session id of 33 bytes", changed([](Hello& h) { h.session_id = std::string(33, 's'); })},
      {"no cipher suites", changed([](Hello& h) { h.cipher_suites.clear(); })},
      {"half a cipher suite", changed([](Hello& h) { h.cipher_suites += 'x'; })},
      {"no compression methods", changed([](Hello& h) { h.compression.clear(); })},
      {"compression only", changed([](Hello& h) { h.compression = "\x01"; })},
  });
}

TEST(ClientHello, BrokenExtensionsAreRefused) {
  std::string grease = extension(0x0a0a, ""), psk = extension(41, "psk");
  std::string sni = sni_extension("a.example");
  expect_refused({
      {"half an extension header", hello_with("\x00\x17\x00"s)},
      {"an extension past the end", hello_with("\x00\x17\x00\x01"s)},
      {"the same extension twice", hello_with(extension(23, "") + extension(23, ""))},
      {"the same unknown extension twice", hello_with(grease + sni + grease)},
      {"server_name twice", hello_with(sni + sni_extension("b.example"))},
      {"pre_shared_key before the end", hello_with(psk + sni)},
      {"ALPN empty", hello_with(extension(16, ""))},
      {"ALPN without a name", hello_with(alpn_extension({}))},
      {"ALPN with an empty name", hello_with(alpn_extension({"h2", ""}))},
      {"ALPN with a name past the end", hello_with(extension(16, vec(2, "\x03h2")))},
      {"ALPN with bytes behind", hello_with(extension(16, vec(2, "\x02h2") + "x"))},
      {"versions empty", hello_with(extension(43, ""))},
      {"versions without one", hello_with(versions_extension({}))},
      {"half a version", hello_with(extension(43, vec(1, "\x03\x04\x03")))},
      {"versions with bytes behind", hello_with(extension(43, vec(1, "\x03\x04") + "x"))},
  });
}

TEST(ClientHello, AServerNameThatTwoReadersCouldReadInTwoWaysIsRefused) {
  auto list = [](std::string_view entries) { return hello_with(extension(0, vec(2, entries))); };
  auto name = [](std::string_view host) { return hello_with(sni_extension(host)); };
  std::string entry = host_entry("a.example");
  expect_refused({
      {"empty extension", hello_with(extension(0, ""))},
      {"empty list", list("")},
      {"list with bytes behind", hello_with(extension(0, vec(2, entry) + "x"))},
      {"list past the end", hello_with(extension(0, "\x00\x09\x00\x00\x01"s + "a"))},
      {"name past the end of the list", list("\x00\x00\x09"s + "a")},
      {"name shorter than the list", list(entry + "x")},
      {"two names", list(entry + host_entry("b.example"))},
      {"another type", list(host_entry("a.example", '\1'))},
      {"another type beside a name", list(host_entry("x", '\1') + entry)},
      {"empty name", name("")},
      {"only a dot", name(".")},
      {"two dots at the end", name("a.example..")},
      {"empty label", name("a..example")},
      {"dot in front", name(".a.example")},
      {"NUL inside", name("a.example\0.b.example"s)},
      {"NUL at the end", name("a.example\0"s)},
      {"space", name("a.example ")},
      {"port", name("a.example:443")},
      {"slash", name("a.example/b")},
      {"wildcard", name("*.example")},
      {"not ASCII", name("b\xc3\xbc" "cher.example")},
      {"IPv6 literal", name("2001:db8::1")},
      {"IPv6 literal in brackets", name("[::1]")},
      {"256 bytes", name(std::string(256, 'a'))},
      {"256 bytes with the dot", name(std::string(255, 'a') + ".")},
  });
}

TEST(ClientHello, EveryPrefixNeedsMoreAndNeverMoreThanTheHello) {
  std::vector<Accepted> samples = captured();
  for (size_t size : {1u, 2u, 3u, 4u, 7u, 50u}) {
    Hello hello;
    hello.extensions = sni_extension("cut.example.com");
    samples.push_back({"cut", split(hello, {size}), "cut.example.com"});
  }
  for (const Accepted& sample : samples) {
    SCOPED_TRACE(sample.what);
    size_t end = look(sample.bytes).hello.wire_size();
    for (size_t size = 0; size < end; ++size) {
      // A copy of its own, so that the sanitizer sees a byte too many being read.
      Bytes part = as_bytes(sample.bytes).first(size);
      std::vector<uint8_t> prefix(part.begin(), part.end());
      HelloLook seen = look_at_hello(prefix);
      ASSERT_EQ(seen.status, HelloStatus::NeedMore) << size;
      ASSERT_GT(seen.need, size);
      ASSERT_LE(seen.need, end);
    }
    EXPECT_EQ(look(std::string_view(sample.bytes).substr(0, end)).status, HelloStatus::Complete);
  }
}

TEST(ClientHello, MayBeSplitOverRecordsAtAnyByte) {
  Hello hello;
  hello.extensions = sni_extension("split.example.com") + alpn_extension({"h2"});
  size_t size = hello.message().size();
  for (size_t first = 1; first < size; ++first) {
    HelloLook seen = look(split(hello, {first, size}));
    ASSERT_EQ(seen.status, HelloStatus::Complete) << first;
    ASSERT_EQ(seen.hello.sni(), "split.example.com") << first;
    ASSERT_EQ(seen.hello.alpn_text(), "h2") << first;
  }
  for (const std::vector<size_t>& sizes :
       {std::vector<size_t>{1, 2, 3, 10, size}, {20, 20, 20, 20, size}, {1}}) {
    EXPECT_EQ(look(split(hello, sizes)).hello.sni(), "split.example.com");
  }
}

TEST(ClientHello, MayBeLarge) {
  for (size_t size : {16u * 1024, 16u * 1024 + 1, 17u * 1024, 60u * 1024}) {
    SCOPED_TRACE(size);
    std::string bytes = split(hello_of_size(size), {16384});
    EXPECT_EQ(bytes.size(), size + 5 * ((size + 16383) / 16384));
    EXPECT_EQ(look(bytes).hello.sni(), "large.example.com");
    check_client_hello(as_bytes(bytes));
  }
}

// A dripped hello costs a few looks, not one for each byte or record.
TEST(ClientHello, IsLookedAtFewTimesWhenNeedIsWaitedFor) {
  std::string bytes = split(hello_of_size(9000), {1});
  int looks = 0;
  size_t size = 0;
  for (HelloLook seen = look(""); seen.status == HelloStatus::NeedMore; ++looks) {
    size = seen.need;
    ASSERT_LE(size, bytes.size());
    seen = look(std::string_view(bytes).substr(0, size));
  }
  EXPECT_EQ(size, bytes.size());
  EXPECT_LT(looks, 60);
}

TEST(ClientHello, IsTooLargeAsSoonAsItsLengthsSaySo) {
  std::string bytes = record(hello_of_size(5000).message());
  EXPECT_EQ(look(bytes, bytes.size()).status, HelloStatus::Complete);
  EXPECT_EQ(look(bytes, bytes.size() - 1).status, HelloStatus::TooLarge);
  struct {
    const char* what;
    std::string bytes;
    size_t limit;
  } cases[] = {
      {"the record's length is enough", bytes.substr(0, 5), 5004},
      {"the message's length is enough", "\x16\x03\x01\x00\x40\x01\x00\x40\x00"s, 16000},
      {"its length may come a byte at a time",
       record("\x01") + record("\x01") + record("\x00"s) + record("\x00"s), 65536},
      {"headers of records count", split(hello_of_size(12000), {1}), 65536},
  };
  for (const auto& sample : cases) {
    EXPECT_EQ(look(sample.bytes, sample.limit).status, HelloStatus::TooLarge) << sample.what;
  }
}

TEST(ClientHello, KeepsTheLeadingNamesOfALongProtocolList) {
  HelloLook seen = look(corpus_file("s_client_many_records"));
  ASSERT_EQ(seen.status, HelloStatus::Complete);
  EXPECT_EQ(seen.hello.sni(), "split.example.com");
  EXPECT_TRUE(seen.hello.alpn_cut());
  EXPECT_TRUE(seen.hello.offers_alpn("protocol-number-00"));
  EXPECT_EQ(seen.hello.alpn().size(), 13u * 19u);  // the fourteenth name would have been cut
  EXPECT_TRUE(seen.hello.alpn_text().ends_with(",protocol-number-12"));

  // What comes behind a name that did not fit is left out, too: the order stays the client's.
  seen = look(hello_with(alpn_extension({"h2", std::string(255, 'x'), "http/1.1"})));
  EXPECT_TRUE(seen.hello.alpn_cut());
  EXPECT_EQ(seen.hello.alpn_text(), "h2");
  seen = look(hello_with(alpn_extension({std::string(255, 'x')})));
  EXPECT_FALSE(seen.hello.alpn_cut());
  EXPECT_EQ(seen.hello.alpn_text(), std::string(255, 'x'));
}

TEST(ClientHello, OffersWholeNamesOnly) {
  ClientHello hello = look(hello_with(alpn_extension({"h2", "http/1.1"}))).hello;
  EXPECT_TRUE(hello.offers_alpn("h2"));
  EXPECT_TRUE(hello.offers_alpn("http/1.1"));
  EXPECT_FALSE(hello.offers_alpn("http"));
  EXPECT_FALSE(hello.offers_alpn(""));
  EXPECT_FALSE(hello.offers_alpn("H2"));
}

// The file's name says what must come of it; the rules that the fuzzer checks hold for each.
TEST(ClientHello, TheCorpusIsJudgedAsItsNamesSay) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    std::string name = entry.path().filename(), bytes = corpus_file(name);
    SCOPED_TRACE(name);
    HelloStatus expected = name.starts_with("refused_")    ? HelloStatus::Malformed
                           : name.starts_with("not_tls_")  ? HelloStatus::NotTls
                           : name.starts_with("too_large") ? HelloStatus::TooLarge
                                                           : HelloStatus::Complete;
    EXPECT_EQ(look(bytes).status, expected);
    check_client_hello(as_bytes(bytes));
    ++files;
  }
  EXPECT_GT(files, 20);
}

}  // namespace
}  // namespace sallyport
