// Questions to the hosts file and to DNS servers, asked by c-ares on a loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/base/clock.h"
#include "dataplane/io/loop.h"
#include "dataplane/model/config.h"

namespace sallyport {

/// What one question brought.
struct DnsReply {
  enum class Kind : uint8_t {
    Found,    // `addresses` is not empty
    Nothing,  // a definite no: the name does not exist, or has no address that can be used
    Failed,   // nobody answered, or with an error or nonsense
  };
  Kind kind = Kind::Failed;
  /// Found in the hosts file, which has no TTL and is the last word on both families.
  bool local = false;
  /// Failed by an answer that could not be read.
  bool malformed = false;
  /// Port 0; in no particular order. Without those that nobody can connect to by address alone:
  /// unspecified, multicast, and link-local IPv6, which means nothing without its interface.
  std::vector<Address> addresses;
  Seconds ttl{0};  // the smallest of the answer, CNAMEs included
  /// When Found in DNS: the name that was, complete after the search list, with its final dot.
  std::string question;
  const char* reason = "";  // when not Found, mostly in c-ares' words
};

/// Asks the hosts file first, then DNS, as "hosts: files dns" in nsswitch.conf does. The search
/// list and ndots of resolv.conf apply to names that do not end in a dot. A changed resolv.conf is
/// noticed. Names under "localhost" are this machine (RFC 6761, section 6.3) and asked of nobody.
/// Thread: the loop's; see Resolver.
class DnsChannel {
 public:
  using OnReply = std::function<void(DnsReply)>;

  /// REQUIRES: `loop` and `resolv_conf` outlive this.
  DnsChannel(Loop& loop, const ResolverConfig& config, const char* resolv_conf);
  /// Questions still open get no reply.
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  /// `family` is AF_INET, AF_INET6, or AF_UNSPEC for both at once: Found is then whatever one of
  /// them brought, and a family that is missing may have failed or may not exist.
  /// The reply may come before this returns. REQUIRES: not called from within a reply.
  void ask(const std::string& name, int family, OnReply on_reply);

  /// The servers that are asked, for logs: "10.0.0.53:53,[2001:db8::53]:53".
  const std::string& servers() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport
