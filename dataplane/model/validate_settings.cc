#include "dataplane/model/validate_settings.h"

#include <sys/un.h>

#include "dataplane/model/bind_address.h"
#include "dataplane/model/complain.h"
#include "dataplane/model/quantity.h"
#include "dataplane/model/secret_book.h"

namespace sallyport {
namespace {

constexpr Millis kMonth = std::chrono::hours(720);
constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;
constexpr uint64_t kGiB = 1024 * kMiB;
constexpr uint16_t kDnsPort = 53;
constexpr const char* kUnix = "unix:";

std::string shown(uint64_t value, bool size) {
  return size ? size_text(value) : std::to_string(value);
}

class SettingRules {
 public:
  SettingRules(const Draft& draft, Config& config, Problems& problems)
      : draft_(draft), config_(config), problems_(problems) {}

  void run() {
    count(draft_.workers, 1, 1024, config_.workers);
    config_.watch = draft_.watch.or_else(true);
    config_.kernel_tls = draft_.kernel_tls.or_else(KernelTls::Auto);
    time(draft_.drain_delay, Millis(0), kMonth, config_.drain_delay);
    time(draft_.drain_timeout, Millis(0), kMonth, config_.drain_timeout);
    time(draft_.ca_overlap, Millis(0), kMonth, config_.ca_overlap);
    config_.metrics = http_address(draft_.metrics, ":9900");
    config_.admin = http_address(draft_.admin, "127.0.0.1:9901");
    check_admin();
    check_unix_paths();
    access_log();
    http();
    resolver();
    limits();
    http_limits();
  }

 private:
  template <class Number>
  void number(const Written<uint64_t>& written, uint64_t least, uint64_t most, bool size_value,
              Number& out) {
    if (!written) return;
    if (*written < least || *written > most) {
      complain(problems_, written.place,
               shown(*written, size_value) + " is out of range: write " +
                   shown(least, size_value) + " to " + shown(most, size_value));
      return;
    }
    out = static_cast<Number>(*written);
  }

  template <class Number>
  void count(const Written<uint64_t>& written, uint64_t least, uint64_t most, Number& out) {
    number(written, least, most, false, out);
  }

  template <class Number>
  void size(const Written<uint64_t>& written, uint64_t least, uint64_t most, Number& out) {
    number(written, least, most, true, out);
  }

  void time(const Written<Millis>& written, Millis least, Millis most, Millis& out) {
    if (!written) return;
    if (*written < least || *written > most) {
      complain(problems_, written.place,
               duration_text(*written) + " is out of range: write " + duration_text(least) +
                   " to " + duration_text(most));
      return;
    }
    out = *written;
  }

  // The DNS counts time to live in seconds.
  void ttl(const Written<Millis>& written, Millis least, Seconds& out) {
    Millis whole(out);
    time(written, least, kMonth, whole);
    out = std::chrono::duration_cast<Seconds>(whole);
    if (Millis(out) != whole) {
      complain(problems_, written.place,
               duration_text(whole) + " is not in whole seconds, as times to live are");
    }
  }

  HttpAddress http_address(const Written<std::string>& written, const char* otherwise) {
    HttpAddress http;
    http.place = written.place;
    if (written.wrong()) return http;
    std::string text = written.or_else(otherwise);
    if (text == "off") return http;
    if (text.starts_with(kUnix)) {
      http.unix_path = unix_path(written.place, text.substr(std::string_view(kUnix).size()));
      return http;
    }
    auto bind = parse_bind_address(text);
    if (!bind) {
      complain(problems_, written.place,
               bind.error().message + ", such as " + otherwise + ", or unix:PATH, or off");
      return http;
    }
    http.address = bind->address;
    http.any = bind->any;
    return http;
  }

  std::string unix_path(const Place& place, const std::string& text) {
    std::string path = from_folder(draft_.folder, text);
    if (text.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
      complain(problems_, place,
               in_quotes(path) + " cannot name a unix socket: write a path of 1 to 107 bytes");
    }
    return path;
  }

  // It shows names, addresses and certificates to whoever reaches it.
  void check_admin() {
    const Address& address = config_.admin.address;
    if (!address.valid()) return;
    static const Network kLoopback4 = *Network::parse("127.0.0.0/8");
    static const Network kLoopback6 = *Network::parse("::1/128");
    if (kLoopback4.contains(address) || kLoopback6.contains(address)) return;
    complain(problems_, draft_.admin.place,
             in_quotes(*draft_.admin) +
                 " can be reached from other machines: write an address such as 127.0.0.1:9901 or "
                 "[::1]:9901, or unix:PATH");
  }

  void check_unix_paths() {
    if (config_.metrics.unix_path.empty()) return;
    if (config_.metrics.unix_path == config_.admin.unix_path) {
      complain(problems_, draft_.admin.place, "is the socket of metrics, too: write another");
    }
  }

  void access_log() {
    config_.access_log.format = draft_.access_log_format.or_else(AccessLogFormat::Json);
    const Written<std::string>& path = draft_.access_log;
    if (!path) return;
    if (path->empty()) complain(problems_, path.place, "is empty: write stdout, off, or a path");
    bool word = *path == "stdout" || *path == "off";
    config_.access_log.path = word ? *path : from_folder(draft_.folder, *path);
  }

  void http() {
    const DraftHttp& draft = draft_.http;
    HttpConfig& http = config_.http;
    http.normalize_paths = draft.normalize_paths.or_else(true);
    http.encoded_slashes = draft.encoded_slashes.or_else(EncodedSlashes::Keep);
    http.keep_underscores =
        draft.underscores_in_headers.or_else(UnderscoreNames::Drop) == UnderscoreNames::Keep;
    http.trusted_networks = check_networks(draft.trusted_networks, problems_);
    http.forwarded = draft.forwarded.or_else(false);
    if (!http.normalize_paths && http.encoded_slashes == EncodedSlashes::Refuse) {
      complain(problems_, draft.encoded_slashes.place,
               "refuse has no effect with normalize_paths: false, which leaves paths as they come: "
               "write keep, or normalize_paths: true");
    }
  }

  void resolver() {
    const DraftResolver& draft = draft_.resolver;
    time(draft.timeout, Millis(10), Millis(60'000), config_.resolver.timeout);
    ttl(draft.min_ttl, Millis(0), config_.resolver.min_ttl);
    ttl(draft.max_ttl, Millis(1000), config_.resolver.max_ttl);
    if (config_.resolver.min_ttl > config_.resolver.max_ttl) {
      complain(problems_, draft.min_ttl.given ? draft.min_ttl.place : draft.max_ttl.place,
               "min_ttl " + duration_text(config_.resolver.min_ttl) +
                   " is longer than max_ttl " + duration_text(config_.resolver.max_ttl));
    }
    if (!draft.servers) return;
    for (const Written<std::string>& item : *draft.servers) {
      if (item) resolver_server(item);
    }
  }

  void resolver_server(const Written<std::string>& item) {
    auto server = Address::parse_ip(*item, kDnsPort);
    if (!server) server = Address::parse(*item);
    if (server && server->port() != 0) {
      config_.resolver.servers.push_back(*server);
      return;
    }
    complain(problems_, item.place,
             in_quotes(*item) + " is not a name server: write an IP address, such as 10.0.0.2, "
                             "10.0.0.2:5353 or [2001:db8::2]:5353");
  }

  void limits() {
    const DraftLimits& draft = draft_.limits;
    Limits& limits = config_.limits;
    count(draft.connections, 1, 100'000'000, limits.connections);
    count(draft.connections_per_client, 1, 100'000'000, limits.connections_per_client);
    count(draft.connect_attempts, 1, 100, limits.connect_attempts);
    // Real hellos have 200 bytes to 2 KiB, more with post-quantum keys; the parser's end is 64 KiB.
    size(draft.hello_size, kKiB, 64 * kKiB, limits.hello_size);
    size(draft.pipe_memory, 0, 1024 * kGiB, limits.pipe_memory);
    size(draft.turn_bytes, 16 * kKiB, 64 * kMiB, limits.turn_bytes);
    time(draft.hello_timeout, Millis(1), kMonth, limits.hello_timeout);
    time(draft.handshake_timeout, Millis(1), kMonth, limits.handshake_timeout);
    time(draft.connect_timeout, Millis(1), kMonth, limits.connect_timeout);
    time(draft.idle_timeout, Millis(1), kMonth, limits.idle_timeout);
    time(draft.half_closed_timeout, Millis(1), kMonth, limits.half_closed_timeout);
  }

  void http_limits() {
    const DraftLimits& draft = draft_.limits;
    Limits& limits = config_.limits;
    // A head waits in one block of memory, and the fields of one are an array of 128.
    size(draft.header_size, kKiB, 64 * kKiB, limits.header_size);
    count(draft.header_count, 1, 128, limits.header_count);
    if (check_body_size(draft.body_size, problems_)) limits.body_size = *draft.body_size;
    count(draft.backend_idle_connections, 0, 100'000, limits.backend_idle_connections);
    count(draft.http2_streams, 1, 10'000, limits.http2_streams);
    count(draft.http2_resets, 1, 1'000'000, limits.http2_resets);
    count(draft.http2_control_frames, 10, 10'000'000, limits.http2_control_frames);
    time(draft.header_timeout, Millis(1), kMonth, limits.header_timeout);
    time(draft.body_timeout, Millis(1), kMonth, limits.body_timeout);
    time(draft.keep_alive_timeout, Millis(1), kMonth, limits.keep_alive_timeout);
    time(draft.response_timeout, Millis(1), kMonth, limits.response_timeout);
    time(draft.response_idle_timeout, Millis(1), kMonth, limits.response_idle_timeout);
    time(draft.request_timeout, Millis(1), kMonth, limits.request_timeout);
    time(draft.tunnel_idle_timeout, Millis(1), kMonth, limits.tunnel_idle_timeout);
    time(draft.backend_idle_timeout, Millis(1), kMonth, limits.backend_idle_timeout);
  }

  const Draft& draft_;
  Config& config_;
  Problems& problems_;
};

}  // namespace

void validate_settings(const Draft& draft, Config& config, Problems& problems) {
  SettingRules(draft, config, problems).run();
}

}  // namespace sallyport
