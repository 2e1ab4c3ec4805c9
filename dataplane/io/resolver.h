// The addresses of names, kept up to date.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/address.h"
#include "dataplane/io/dns_channel.h"
#include "dataplane/io/loop.h"
#include "dataplane/model/config.h"

namespace sallyport {

/// Looks each name up, and again when the smallest TTL of the answer has passed, which is taken as
/// at least min_ttl and at most max_ttl. What is known stays known until a better answer comes:
///
///   addresses            replace the old ones
///   one family only      replaces all, unless the other family's server fails when asked again
///                        about it: then that family's old addresses stay
///   no such name         the old addresses stay: a mistake in a zone must not empty a service
///   failure, silence     the old addresses stay
///
/// The last two, and a family that failed, count as failures; they are logged when they begin and
/// when their reason changes, and tried again after 1 s, doubling to 30 s, up to a quarter less by
/// chance.
///
/// Thread: made and destroyed on the loop's thread, or while no thread runs the loop. set_names(),
/// addresses(), settled() and failures() may be called from any thread in between.
class Resolver final : private Task {
 public:
  /// By name. The addresses have port 0, both families are merged, and they are sorted, so that a
  /// server that merely rotates them changes nothing. Never empty: names that never had an address
  /// are absent.
  using Addresses = std::map<std::string, std::vector<Address>>;

  static constexpr size_t kLookupsMost = 32;     // at once, of two questions each; the rest waits
  static constexpr size_t kAddressesMost = 256;  // kept of one name and family

  /// `on_change` is called on the loop's thread when an answer has changed addresses(), and when
  /// the last of newly set names has had its answer. It may call this object, but not destroy it.
  /// REQUIRES: `loop` and `resolv_conf` outlive this.
  Resolver(Loop& loop, const ResolverConfig& config, std::function<void()> on_change,
           const char* resolv_conf = "/etc/resolv.conf");
  /// Lookups under way are given up; on_change is not called any more.
  ~Resolver() override;

  /// Names that are not in `names` any more are forgotten when this returns, which on_change does
  /// not report; new ones are looked up at once. A name that ends in a dot is complete; to others
  /// the search list of resolv.conf applies. Names count as the same only if spelt alike.
  void set_names(const std::vector<std::string>& names);

  Addresses addresses() const;
  /// Every name has had its first answer or failure. False right after set_names() with new names.
  bool settled() const;
  uint64_t failures() const;

 private:
  struct Name {
    uint64_t id;                  // a name forgotten and set again is another one
    Instant due{};                // of the next lookup, or of the one under way
    bool answered = false;
    uint32_t failures_in_a_row = 0;
    std::string complaint;        // the reason last logged; empty: all is well
    std::vector<Address> v4, v6;  // sorted
  };
  struct Lookup {
    std::string name;
    uint64_t id;
    int family;
    DnsReply first;  // when this is a second question: what the first brought
  };
  struct Finished {
    Lookup lookup;
    DnsReply reply;
  };
  /// What a lookup means for each family.
  struct Outcome {
    std::vector<Address> v4, v6;
    bool v4_failed = false, v6_failed = false;
    bool local = false;
    Seconds ttl{0};
    std::string reason;  // of what failed; empty: nothing did
  };
  /// What calls from other threads find instead of a destroyed resolver.
  struct Reference {
    Resolver* resolver;  // of the loop's thread
  };

  void turn() override;
  void start_due_lookups();
  void ask(Lookup lookup, const std::string& question);
  bool finish(Finished finished);
  static int second_family(const Name& name, const Lookup& lookup, const DnsReply& reply);
  static Outcome judge(Lookup lookup, DnsReply reply);
  bool take(const std::string& text, Name& name, Outcome outcome);
  void complain(const std::string& text, Name& name, const Outcome& outcome);
  Instant next_lookup(Name& name, const Outcome& outcome);

  Loop& loop_;
  const ResolverConfig config_;
  const std::function<void()> on_change_;
  const std::shared_ptr<Reference> reference_;

  mutable std::mutex mutex_;  // of the following, up to the blank line
  std::map<std::string, Name> names_;
  std::set<std::pair<Instant, std::string>> queue_;  // names not under way, by their time
  size_t unanswered_ = 0;
  uint64_t next_id_ = 1;
  uint64_t failures_ = 0;

  size_t under_way_ = 0;  // lookups, of forgotten names too
  std::vector<Finished> finished_;
  std::minstd_rand random_;
  Deadline deadline_;
  DnsChannel channel_;  // the last: its questions end before what they report to
};

}  // namespace sallyport
