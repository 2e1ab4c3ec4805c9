// What is read and written for each connection and each request.
#include <benchmark/benchmark.h>
#include <openssl/ssl.h>

#include <array>
#include <string>

#include "bench/common/tls_context.h"
#include "dataplane/base/check.h"
#include "dataplane/session/forwarding.h"
#include "dataplane/wire/client_hello.h"
#include "dataplane/wire/h1_head.h"

namespace sallyport::bench {
namespace {

// As OpenSSL sends it, with a name and what a browser offers by ALPN.
std::string hello_of_openssl() {
  TlsSettings settings;
  settings.alpn = {"h2", "http/1.1"};
  const SslContextPtr context = client_context(settings);
  const SslPtr ssl(SSL_new(context.get()));
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  std::string name = "shop.example.com";
  SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  SSL_connect(ssl.get());
  std::string bytes(4096, '\0');
  const int size = BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  CHECK(size > 0);
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

void client_hello(benchmark::State& state) {
  const std::string bytes = hello_of_openssl();
  ClientHello hello;
  size_t need = 0;
  for (auto _ : state) {
    const HelloStatus status = parse_client_hello(as_bytes(bytes), 16'384, hello, need);
    CHECK(status == HelloStatus::Complete);
    benchmark::DoNotOptimize(hello);
  }
}
BENCHMARK(client_hello);

const std::string kRequest =
    "GET /assets/app.js?v=17 HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://shop.example.com/\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    "Connection: keep-alive\r\n"
    "Sec-Fetch-Dest: script\r\n"
    "Sec-Fetch-Mode: no-cors\r\n"
    "Sec-Fetch-Site: same-origin\r\n\r\n";

const std::string kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: backend\r\n"
    "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
    "Content-Type: application/javascript\r\n"
    "Content-Length: 1024\r\n"
    "Cache-Control: public, max-age=31536000\r\n"
    "ETag: \"0123456789abcdef\"\r\n"
    "Vary: Accept-Encoding\r\n\r\n";

void read_request(benchmark::State& state) {
  RequestHead head;
  for (auto _ : state) {
    HeadScan scan;
    const HeadScan::Result found = scan.look(as_bytes(kRequest), 65'536);
    CHECK(found.kind == HeadScan::Kind::Found);
    CHECK(parse_request_head(as_bytes(kRequest), 100, head) == H1Fault::None);
    benchmark::DoNotOptimize(head);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kRequest.size()));
}
BENCHMARK(read_request);

void read_response(benchmark::State& state) {
  ResponseHead head;
  for (auto _ : state) {
    HeadScan scan(HeadScan::Of::Response);
    const HeadScan::Result found = scan.look(as_bytes(kResponse), 65'536);
    CHECK(found.kind == HeadScan::Kind::Found);
    CHECK(parse_response_head(as_bytes(kResponse), 100, Method::Get, head) == H1Fault::None);
    benchmark::DoNotOptimize(head);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kResponse.size()));
}
BENCHMARK(read_response);

// X-Forwarded-* and the rest are put in, what belongs to one hop is left out.
void rewrite_request(benchmark::State& state) {
  RequestHead head;
  CHECK(parse_request_head(as_bytes(kRequest), 100, head) == H1Fault::None);
  const HttpConfig http;
  const Address client = Address::v4(0xc6336401, 40'000);
  std::array<uint8_t, 4096> room;
  for (auto _ : state) {
    const Forwarded forwarded =
        forwarded_of(head, http, client, true, 443, "0123456789abcdef0123456789abcdef");
    H1Writer out(room);
    write_request_head(out, {head, head.path, forwarded, http});
    CHECK(!out.overflown());
    benchmark::DoNotOptimize(room);
  }
}
BENCHMARK(rewrite_request);

void rewrite_response(benchmark::State& state) {
  ResponseHead head;
  CHECK(parse_response_head(as_bytes(kResponse), 100, Method::Get, head) == H1Fault::None);
  std::array<uint8_t, 4096> room;
  ResponseFraming framing;
  framing.body = BodyKind::Length;
  framing.length = 1024;
  for (auto _ : state) {
    H1Writer out(room);
    write_response_head(out, head, framing);
    CHECK(!out.overflown());
    benchmark::DoNotOptimize(room);
  }
}
BENCHMARK(rewrite_response);

}  // namespace
}  // namespace sallyport::bench
