#include "dataplane/io/dns_channel.h"

#include <ares.h>
#include <netdb.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <uv.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/io/loop_impl.h"

namespace sallyport {

namespace {

constexpr int kTries = 2;
constexpr size_t kNameMost = 253;  // RFC 1035, section 2.3.4, as text without the final dot

/// What tells two versions of a file apart without reading it.
struct FileStamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  bool operator==(const FileStamp&) const = default;

  static FileStamp of(const char* path) {
    struct stat s;
    if (::stat(path, &s) != 0) return {};
    return {s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec};
  }
};

bool connectable(const Address& a) {
  const uint8_t* b = a.ip_bytes();
  bool unspecified = std::all_of(b, b + a.ip_size(), [](uint8_t byte) { return byte == 0; });
  if (!a.valid() || unspecified) return false;
  if (a.is_v4()) return b[0] < 224;                       // multicast, reserved, broadcast
  return b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80);  // multicast, link-local
}

bool is_localhost(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

std::string csv(const std::vector<Address>& servers) {
  std::string text;
  for (const Address& server : servers) text += (text.empty() ? "" : ",") + server.text();
  return text;
}

// The function that gives the list has changed between the versions of c-ares.
std::string servers_of(ares_channel channel) {
#if ARES_VERSION >= 0x011800
  char* list = ares_get_servers_csv(channel);
  std::string text = list ? list : "";
  ares_free_string(list);
  return text;
#else
  ares_addr_port_node* list = nullptr;
  if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS) return "";
  std::vector<Address> servers;
  for (ares_addr_port_node* node = list; node; node = node->next) {
    uint16_t port = node->udp_port > 0 ? static_cast<uint16_t>(node->udp_port) : 53;
    uint8_t six[16];
    std::copy_n(reinterpret_cast<const uint8_t*>(&node->addr.addr6), sizeof six, six);
    servers.push_back(node->family == AF_INET
                          ? Address::v4(ntohl(node->addr.addr4.s_addr), port)
                          : Address::v6(six, port));
  }
  ares_free_data(list);
  return csv(servers);
#endif
}

// Newer versions keep answers unless they are told not to; ours are kept by the Resolver, whose
// max_ttl must hold. They have the same soname as older ones: what was built with 1.18's headers
// (Debian 12) may meet them, and says it in what they have appended to these options.
#ifdef ARES_OPT_QUERY_CACHE
using Options = ares_options;
#else
static_assert(ARES_VERSION == 0x011201, "what else newer versions have in between is not known");
constexpr int ARES_OPT_QUERY_CACHE = 1 << 21;
struct Options : ares_options {
  char* hosts_path;
  int udp_max_queries;
  int maxtimeout;
  unsigned qcache_max_ttl;
  int evsys;
  struct {
    unsigned short retry_chance;
    size_t retry_delay;
  } server_failover_opts;
};
#endif

// Of the library that is here, not of the headers.
bool keeps_answers() {
  int version = 0;
  ares_version(&version);
  return version >= 0x011f00;
}

DnsReply reply_of(int status, const ares_addrinfo* info) {
  DnsReply reply;
  reply.reason = ares_strerror(status);
  if (status == ARES_ENOTFOUND || status == ARES_ENODATA) reply.kind = DnsReply::Kind::Nothing;
  reply.malformed = status == ARES_EBADRESP;
  if (status != ARES_SUCCESS || !info) return reply;

  // RFC 2181, section 8: a TTL with the topmost bit set is zero.
  int ttl = INT32_MAX;
  for (auto* node = info->nodes; node; node = node->ai_next) {
    ttl = std::min(ttl, std::max(node->ai_ttl, 0));
    Address address = Address::from(node->ai_addr).with_port(0);
    if (connectable(address)) reply.addresses.push_back(address);
  }
  for (auto* alias = info->cnames; alias; alias = alias->next) {
    ttl = std::min(ttl, std::max(alias->ttl, 0));
  }
  reply.ttl = Seconds(ttl);
  // Newer versions call the answer by the end of its CNAMEs.
  const char* question = info->cnames ? info->cnames->alias : info->name;
  if (question) reply.question = std::string(question) + ".";
  reply.kind = reply.addresses.empty() ? DnsReply::Kind::Nothing : DnsReply::Kind::Found;
  reply.reason = reply.addresses.empty() ? "no address that one can connect to" : "";
  return reply;
}

DnsReply failed(const char* reason) {
  DnsReply reply;
  reply.reason = reason;
  return reply;
}

}  // namespace

// Its turns are c-ares' timeouts.
struct DnsChannel::Impl final : Task {
  /// A socket of c-ares in libuv's hands; freed by its close callback.
  struct Poll {
    uv_poll_t handle;
    Impl* impl;
    int descriptor;
  };
  struct Question {
    Impl* impl;
    OnReply on_reply;
  };

  Impl(Loop& l, const ResolverConfig& c, const char* path)
      : loop(l), config(c), resolv_conf(path), timeout(l.deadlines(), *this) {
    open_channels();
  }
  ~Impl() override {
    closing = true;
    close_channels();
  }

  Loop& loop;
  const ResolverConfig config;
  const char* const resolv_conf;
  Deadline timeout;  // c-ares' earliest
  FileStamp resolv_conf_stamp;
  ares_channel dns = nullptr;
  ares_channel hosts = nullptr;  // of its own, so that its answers can be told from those of DNS
  int opening = ARES_SUCCESS;    // why the channels above are null
  std::string servers;
  std::map<int, Poll*> polls;
  size_t open_questions = 0;
  bool closing = false;

  // --- channels ---

  int open_channel(ares_channel& channel, char lookups) {
    Options options{};
    char lookup_order[] = {lookups, '\0'};
    std::string path = resolv_conf;  // c-ares copies it, but takes it as not const
    options.lookups = lookup_order;
    options.resolvconf_path = path.data();
    options.timeout = static_cast<int>(config.timeout.count());
    options.tries = kTries;
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    int mask = ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
               ARES_OPT_SOCK_STATE_CB;
    if (keeps_answers()) mask |= ARES_OPT_QUERY_CACHE;  // for how long: options has zero
    return ares_init_options(&channel, &options, mask);
  }

  void open_channels() {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    opening = library;
    resolv_conf_stamp = FileStamp::of(resolv_conf);
    if (opening == ARES_SUCCESS) opening = open_channel(hosts, 'f');
    if (opening == ARES_SUCCESS) opening = open_channel(dns, 'b');
    if (opening == ARES_SUCCESS && !config.servers.empty()) {
      opening = ares_set_servers_ports_csv(dns, csv(config.servers).c_str());
    }
    if (opening == ARES_SUCCESS) {
      servers = servers_of(dns);
    } else {
      close_channels();
    }
  }

  void close_channels() {
    if (dns) ares_destroy(dns);
    if (hosts) ares_destroy(hosts);
    dns = hosts = nullptr;
    CHECK(polls.empty());  // c-ares has told us of each socket that it closed
  }

  // c-ares reads resolv.conf once; a laptop or a DHCP lease changes it. Only between questions:
  // closing a channel would fail those that are open.
  void follow_resolv_conf() {
    if (open_questions > 0) return;
    if (dns && FileStamp::of(resolv_conf) == resolv_conf_stamp) return;
    close_channels();
    open_channels();
  }

  // --- questions ---

  void ask(ares_channel channel, const std::string& name, int family, OnReply on_reply) {
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    // Sorting (RFC 6724) would open a socket per address, and the order is the balancer's affair.
    hints.ai_flags = ARES_AI_NOSORT | ARES_AI_ENVHOSTS;
    ++open_questions;
    ares_getaddrinfo(channel, name.c_str(), nullptr, &hints, on_answer,
                     new Question{this, std::move(on_reply)});
    set_timeout();
  }

  static void on_answer(void* context, int status, int, ares_addrinfo* info) {
    std::unique_ptr<Question> question(static_cast<Question*>(context));
    Impl* impl = question->impl;
    --impl->open_questions;
    if (!impl->closing) question->on_reply(reply_of(status, info));
    ares_freeaddrinfo(info);
  }

  /// The hosts file is read at once, without waiting.
  DnsReply look_into_hosts(const std::string& name, int family) {
    DnsReply found;
    ask(hosts, name, family, [&](DnsReply reply) { found = std::move(reply); });
    found.local = found.kind == DnsReply::Kind::Found;
    return found;
  }

  DnsReply look_for_localhost(int family) {
    // Spelt so, since c-ares 1.18 leaks memory when "localhost" is not in the file.
    DnsReply found = look_into_hosts("LOCALHOST", family);
    if (found.local) return found;
    found.kind = DnsReply::Kind::Found;
    found.local = true;
    for (const char* loopback : {"127.0.0.1", "::1"}) {
      Address address = *Address::parse_ip(loopback);
      if (family == AF_UNSPEC || family == address.family()) found.addresses.push_back(address);
    }
    return found;
  }

  // --- libuv ---

  static void on_socket(void* context, ares_socket_t descriptor, int readable, int writable) {
    Impl* impl = static_cast<Impl*>(context);
    if (!readable && !writable) return impl->forget(descriptor);
    Poll*& poll = impl->polls[descriptor];
    if (!poll) {
      poll = new Poll{{}, impl, descriptor};
      CHECK(uv_poll_init(&impl->loop.impl().libuv(), &poll->handle, descriptor) == 0);
      poll->handle.data = poll;
    }
    impl->loop.impl().libuv();  // will take notice
    uv_poll_start(&poll->handle, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
                  on_ready);
  }

  // c-ares closes the descriptor right after this.
  void forget(int descriptor) {
    auto at = polls.find(descriptor);
    if (at == polls.end()) return;
    loop.impl().libuv();
    uv_close(reinterpret_cast<uv_handle_t*>(&at->second->handle),
             [](uv_handle_t* h) { delete static_cast<Poll*>(h->data); });
    polls.erase(at);
  }

  static void on_ready(uv_poll_t* handle, int status, int events) {
    Poll* poll = static_cast<Poll*>(handle->data);
    Impl* impl = poll->impl;
    impl->loop.impl().look_at_clock();
    int descriptor = poll->descriptor;  // processing may close and free the poll
    bool failed = status < 0;           // c-ares finds out how by trying
    ares_process_fd(impl->dns, failed || events & UV_READABLE ? descriptor : ARES_SOCKET_BAD,
                    failed || events & UV_WRITABLE ? descriptor : ARES_SOCKET_BAD);
    impl->set_timeout();
  }

  // --- time ---

  void turn() override {
    if (dns) ares_process_fd(dns, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timeout();
  }

  void set_timeout() {
    timeval wait{};
    if (!dns || !ares_timeout(dns, nullptr, &wait)) return timeout.disarm();
    // c-ares rounds what is left down to 0 ms, and would be asked again and again until it is.
    Micros left = Seconds(wait.tv_sec) + Micros(wait.tv_usec);
    timeout.arm(loop.now() + std::max<Micros>(left, Millis(1)));
  }
};

DnsChannel::DnsChannel(Loop& loop, const ResolverConfig& config, const char* resolv_conf)
    : impl_(std::make_unique<Impl>(loop, config, resolv_conf)) {}

DnsChannel::~DnsChannel() = default;

void DnsChannel::ask(const std::string& name, int family, OnReply on_reply) {
  std::string undotted = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (undotted.empty() || undotted.size() > kNameMost || undotted.find('\0') != undotted.npos) {
    return on_reply(failed("not a host name"));
  }
  impl_->follow_resolv_conf();
  if (!impl_->dns) return on_reply(failed(ares_strerror(impl_->opening)));

  DnsReply local;
  if (undotted != "localhost") local = impl_->look_into_hosts(undotted, family);
  if (!local.local && is_localhost(undotted)) local = impl_->look_for_localhost(family);
  if (local.local) return on_reply(std::move(local));
  impl_->ask(impl_->dns, name, family, std::move(on_reply));
}

const std::string& DnsChannel::servers() const { return impl_->servers; }

}  // namespace sallyport
