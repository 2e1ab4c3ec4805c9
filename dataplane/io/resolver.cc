#include "dataplane/io/resolver.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/base/log.h"

namespace sallyport {

namespace {

constexpr Millis kRetryFirst{1'000};
constexpr Millis kRetryMost{30'000};
constexpr Seconds kHostsFileTtl{30};  // how soon an edited hosts file is noticed

std::vector<Address> sorted(std::vector<Address> addresses) {
  auto order = [](const Address& a, const Address& b) {
    return std::memcmp(a.ip_bytes(), b.ip_bytes(), a.ip_size()) < 0;
  };
  std::sort(addresses.begin(), addresses.end(), order);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (addresses.size() > Resolver::kAddressesMost) addresses.resize(Resolver::kAddressesMost);
  return addresses;
}

}  // namespace

Resolver::Resolver(Loop& loop, const ResolverConfig& config, std::function<void()> on_change,
                   const char* resolv_conf)
    : loop_(loop),
      config_(config),
      on_change_(std::move(on_change)),
      reference_(std::make_shared<Reference>(Reference{this})),
      random_(std::random_device{}()),
      deadline_(loop.deadlines(), *this),
      channel_(loop, config, resolv_conf) {}

Resolver::~Resolver() { reference_->resolver = nullptr; }

void Resolver::set_names(const std::vector<std::string>& names) {
  std::set<std::string> wanted(names.begin(), names.end());
  {
    std::lock_guard lock(mutex_);
    for (auto at = names_.begin(); at != names_.end();) {
      if (wanted.contains(at->first)) {
        wanted.erase(at->first);
        ++at;
        continue;
      }
      queue_.erase({at->second.due, at->first});
      if (!at->second.answered) --unanswered_;
      at = names_.erase(at);
    }
    for (const std::string& text : wanted) {
      names_.emplace(text, Name{.id = next_id_++, .complaint = {}, .v4 = {}, .v6 = {}});
      queue_.emplace(Instant{}, text);
      ++unanswered_;
    }
  }
  loop_.submit([reference = reference_] {
    if (Resolver* resolver = reference->resolver) resolver->loop_.post(*resolver);
  });
}

Resolver::Addresses Resolver::addresses() const {
  Addresses known;
  std::lock_guard lock(mutex_);
  for (const auto& [text, name] : names_) {
    if (name.v4.empty() && name.v6.empty()) continue;
    std::vector<Address>& all = known[text];
    all = name.v4;
    all.insert(all.end(), name.v6.begin(), name.v6.end());
  }
  return known;
}

bool Resolver::settled() const {
  std::lock_guard lock(mutex_);
  return unanswered_ == 0;
}

uint64_t Resolver::failures() const {
  std::lock_guard lock(mutex_);
  return failures_;
}

void Resolver::turn() {
  bool news = false;
  for (Finished& finished : std::exchange(finished_, {})) news |= finish(std::move(finished));
  start_due_lookups();
  if (news) on_change_();
}

void Resolver::start_due_lookups() {
  std::vector<Lookup> due;
  {
    std::lock_guard lock(mutex_);
    while (under_way_ + due.size() < kLookupsMost && !queue_.empty() &&
           queue_.begin()->first <= loop_.now()) {
      std::string text = queue_.begin()->second;
      queue_.erase(queue_.begin());
      uint64_t id = names_.at(text).id;
      due.push_back({std::move(text), id, AF_UNSPEC, {}});
    }
    // Without a free place there is no hurry: a lookup that ends gives a turn too.
    if (queue_.empty() || under_way_ + due.size() == kLookupsMost) {
      deadline_.disarm();
    } else {
      deadline_.arm(queue_.begin()->first);
    }
  }
  for (Lookup& lookup : due) {
    std::string question = lookup.name;
    ask(std::move(lookup), question);
  }
}

void Resolver::ask(Lookup lookup, const std::string& question) {
  ++under_way_;
  int family = lookup.family;
  channel_.ask(question, family, [this, lookup = std::move(lookup)](DnsReply reply) mutable {
    finished_.push_back({std::move(lookup), std::move(reply)});
    loop_.post(*this);
  });
}

/// Says whether on_change is due.
bool Resolver::finish(Finished finished) {
  --under_way_;
  std::unique_lock lock(mutex_);
  auto at = names_.find(finished.lookup.name);
  if (at == names_.end() || at->second.id != finished.lookup.id) return false;  // forgotten
  Name& name = at->second;

  if (int family = second_family(name, finished.lookup, finished.reply); family != AF_UNSPEC) {
    lock.unlock();
    const std::string& complete = finished.reply.question;
    std::string question = complete.empty() ? finished.lookup.name : complete;
    ask({finished.lookup.name, finished.lookup.id, family, std::move(finished.reply)}, question);
    return false;
  }

  Outcome outcome = judge(std::move(finished.lookup), std::move(finished.reply));
  bool changed = take(at->first, name, std::move(outcome));
  bool first = !std::exchange(name.answered, true);
  bool round_over = first && --unanswered_ == 0;
  return changed || round_over;
}

/// c-ares asks for both families at once, which alone keeps the search list from finding them
/// under two different names, but then does not tell whether a family that is missing has failed.
/// So where one that was there is missing, it is asked for again, by the complete name. And older
/// versions give up both families for one answer that cannot be read.
int Resolver::second_family(const Name& name, const Lookup& lookup, const DnsReply& reply) {
  if (lookup.family != AF_UNSPEC || reply.local) return AF_UNSPEC;
  if (reply.kind == DnsReply::Kind::Failed) return reply.malformed ? AF_INET : AF_UNSPEC;
  if (reply.kind == DnsReply::Kind::Nothing) return AF_UNSPEC;
  auto brought = [&](bool v4) {
    return std::any_of(reply.addresses.begin(), reply.addresses.end(),
                       [v4](const Address& a) { return a.is_v4() == v4; });
  };
  if (!name.v4.empty() && !brought(true)) return AF_INET;
  if (!name.v6.empty() && !brought(false)) return AF_INET6;
  return AF_UNSPEC;
}

Resolver::Outcome Resolver::judge(Lookup lookup, DnsReply reply) {
  Outcome outcome;
  outcome.local = reply.local;
  outcome.ttl = reply.ttl;
  bool second = lookup.family != AF_UNSPEC;
  bool found = reply.kind == DnsReply::Kind::Found;
  if (!found && !(second && reply.kind == DnsReply::Kind::Nothing)) outcome.reason = reply.reason;
  if (!second) {
    outcome.v4_failed = outcome.v6_failed = !found;
  } else if (lookup.first.kind == DnsReply::Kind::Found) {
    outcome.v4_failed = lookup.family == AF_INET && !outcome.reason.empty();
    outcome.v6_failed = lookup.family == AF_INET6 && !outcome.reason.empty();
    if (!found || lookup.first.ttl < outcome.ttl) outcome.ttl = lookup.first.ttl;
  } else {  // both together could not be read, so at most the one asked for alone is known
    outcome.v6_failed = true;
    outcome.v4_failed = !found;
    outcome.reason = lookup.first.reason;
  }
  for (auto* addresses : {&lookup.first.addresses, &reply.addresses}) {
    for (const Address& a : *addresses) (a.is_v4() ? outcome.v4 : outcome.v6).push_back(a);
  }
  return outcome;
}

/// Says whether the addresses have changed.
bool Resolver::take(const std::string& text, Name& name, Outcome outcome) {
  bool changed = false;
  auto replace = [&](std::vector<Address>& old, std::vector<Address> now) {
    now = sorted(std::move(now));
    changed |= old != now;
    old = std::move(now);
  };
  if (!outcome.v4_failed) replace(name.v4, std::move(outcome.v4));
  if (!outcome.v6_failed) replace(name.v6, std::move(outcome.v6));
  complain(text, name, outcome);
  name.due = next_lookup(name, outcome);
  queue_.emplace(name.due, text);
  return changed;
}

void Resolver::complain(const std::string& text, Name& name, const Outcome& outcome) {
  if (!outcome.reason.empty()) ++failures_;
  if (outcome.reason == name.complaint) return;
  name.complaint = outcome.reason;
  size_t known = name.v4.size() + name.v6.size();
  if (outcome.reason.empty()) {
    log_info("name resolves again", {{"name", text}, {"addresses", known}});
  } else {
    bool wholly = outcome.v4_failed && outcome.v6_failed;
    log_warning(wholly ? "name does not resolve" : "name resolves in one family only",
                {{"name", text},
                 {"servers", channel_.servers()},
                 {"reason", outcome.reason},
                 {"addresses_in_use", known}});
  }
}

Instant Resolver::next_lookup(Name& name, const Outcome& outcome) {
  Seconds ttl = outcome.local ? kHostsFileTtl : outcome.ttl;
  Instant refresh = loop_.now() + std::min(std::max(ttl, config_.min_ttl), config_.max_ttl);
  if (outcome.reason.empty()) {
    name.failures_in_a_row = 0;
    return refresh;
  }
  Micros wait = std::min<Micros>(kRetryFirst * (1 << std::min(name.failures_in_a_row, 5u)),
                                 kRetryMost);
  ++name.failures_in_a_row;
  wait -= Micros(std::uniform_int_distribution<int64_t>(0, wait.count() / 4)(random_));
  bool nothing_found = outcome.v4_failed && outcome.v6_failed;
  return nothing_found ? loop_.now() + wait : std::min(loop_.now() + wait, refresh);
}

}  // namespace sallyport
