#include "tests/sim/http_expectations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace sallyport::sim {

std::string describe(const HttpRequest& r) {
  return "request " + std::to_string(r.id) + " of client " + std::to_string(r.client) + ": " +
         r.method + " " + r.target + " HTTP/1." + std::to_string(r.minor) + ", body " +
         std::to_string(static_cast<int>(r.body.framing)) + "/" + std::to_string(r.body.length) +
         (r.http2 ? ", over HTTP/2" : "") +
         (r.upgrade ? ", upgrade" : "") + (r.begun ? ", begun" : "") +
         (r.sent_whole ? ", sent" : "") + "; got " + std::to_string(r.status) + " of attempt " +
         std::to_string(r.attempt) + ", " + std::to_string(r.received) + " bytes" +
         (r.answered ? ", whole" : "") + (r.taken_back ? ", taken back" : "") +
         (r.lost_by.empty() ? "" : ", lost by " + r.lost_by);
}

std::string describe(const HttpAttempt& a) {
  return "attempt " + std::to_string(a.number) + " of request " + std::to_string(a.request) +
         " on connection " + std::to_string(a.connection) + (a.first ? " (new)" : "") +
         ", by write " + std::to_string(a.sent.first) + ".." + std::to_string(a.sent.last) +
         ": got " + std::to_string(a.request_body) + " bytes" + (a.request_whole ? ", whole" : "") +
         "; status " + std::to_string(a.status) + ", body " +
         std::to_string(static_cast<int>(a.body.framing)) + "/" + std::to_string(a.body.length) +
         (a.begun ? ", begun" : "") + (a.interim ? ", interim" : "") +
         (a.refused ? ", refused" : "") + ", sent " +
         std::to_string(a.body_sent) + (a.sent_whole ? ", whole" : "") +
         (a.finished ? ", finished" : "") + (a.switched ? ", switched" : "");
}

std::string describe(const RequestLine& line) {
  return "recorded: " + line.peer.text() + " " + line.method + " " + line.path + " " +
         std::to_string(line.record.status) + " " + name(line.record.end) + " while " +
         line.doing + ": " + line.detail + ", attempts " +
         std::to_string(line.record.connect_attempts) +
         (line.record.reused_connection ? ", reused" : "") +
         (line.record.retried ? ", retried" : "");
}

namespace {

/// Of a response that its client got whole.
void expect_true_end(const HttpWorld& world, const HttpRequest& r, RequestEnd end) {
  bool complete = end == RequestEnd::Complete;
  if (r.attempt == 0) {
    EXPECT_FALSE(complete);
    return;
  }
  const HttpAttempt& a = world.ledger().attempts[r.attempt - 1];
  // What is whole by its length may still lack its end, over HTTP/2: its backend owes it, or it is
  // on its way when the time of a response that does not go on is over.
  if (world.plan().versions.backend_http2) {
    EXPECT_TRUE(!complete || a.sent_whole);
    bool by_length = r.method == "HEAD" || a.body.framing != HttpBody::Framing::UntilClose;
    bool gives_up = world.plan().manners == HttpManners::Any && by_length &&
                    (end == RequestEnd::BackendTimedOut || end == RequestEnd::BackendFailed);
    if (gives_up) return;
    if (!a.sent_whole) return;
  }
  EXPECT_TRUE(complete);
}

void expect_true_line(const HttpWorld& world, const HttpRequest& r, const RequestLine& line) {
  const RequestRecord& record = line.record;
  if (!line.method.empty()) {
    EXPECT_EQ(line.method, r.method);
    EXPECT_TRUE(r.target.ends_with(line.path)) << line.path;
    EXPECT_EQ(record.request_body_bytes > r.body_sent && !record.upgraded, false);
  }
  if (r.status != 0) {
    EXPECT_EQ(record.status, r.status);
  }
  if (r.answered && r.status != 101) {
    EXPECT_EQ(record.response_body_bytes, r.received);
    expect_true_end(world, r, record.end);
  }
  if (!r.http2 && record.start > world.drained_at() && r.status != 0 && r.status != 101) {
    EXPECT_TRUE(r.said_close) << "more is taken amid the drain";
  }
  EXPECT_EQ(record.upgraded, record.status == 101);
  if (record.end != RequestEnd::Complete) return;
  auto whole = [&](const HttpAttempt& a) {
    return a.request == r.id && a.sent_whole && a.status == record.backend_status;
  };
  const auto& attempts = world.ledger().attempts;
  EXPECT_TRUE(std::any_of(attempts.begin(), attempts.end(), whole)) << "complete, but of nobody";
}

/// Of streams, which end in any order.
void expect_true_lines(const HttpWorld& world, const std::vector<HttpRequest*>& requests,
                       const std::vector<const RequestLine*>& lines) {
  for (const HttpRequest* r : requests) {
    size_t found = 0;
    for (const RequestLine* line : lines) {
      if (line->path != r->target) continue;
      SCOPED_TRACE(describe(*r) + "; " + describe(*line));
      EXPECT_EQ(++found, 1u) << "recorded again";
      expect_true_line(world, *r, *line);
    }
    // Of a head that is too large nothing is known.
    EXPECT_TRUE(found == 1 || r->status == 0 || r->status == 431) << describe(*r);
  }
}

}  // namespace

void expect_honest_responses(const HttpLedger& ledger) {
  for (const HttpRequest& r : ledger.requests) {
    SCOPED_TRACE(describe(r));
    if (r.attempt == 0) continue;
    const HttpAttempt& a = ledger.attempts[r.attempt - 1];
    EXPECT_EQ(a.request, r.id);
    EXPECT_TRUE(a.begun);
    EXPECT_LE(r.received, a.body_sent);
    for (const HttpAttempt& other : ledger.attempts) {
      if (other.request != r.id) continue;
      EXPECT_FALSE(other.sent.later_than(a.sent)) << "sent again after a response had begun: "
                                                  << describe(other);
    }
  }
}

void expect_honest_attempts(const HttpWorld& world, const Faults& faults) {
  const HttpLedger& ledger = world.ledger();
  std::map<uint64_t, std::vector<const HttpAttempt*>> attempts;
  for (const HttpAttempt& a : ledger.attempts) attempts[a.request].push_back(&a);
  for (const auto& [id, all] : attempts) {
    const HttpRequest& r = ledger.requests[id - 1];
    SCOPED_TRACE(describe(r));
    auto counts = std::count_if(all.begin(), all.end(), [](auto* a) { return !a->refused; });
    EXPECT_TRUE(r.idempotent || counts <= 1) << counts << " attempts";
    EXPECT_LE(all.size(), world.plan().limits.connect_attempts + 1);
    for (const HttpAttempt* a : all) {
      bool sent_again = std::any_of(all.begin(), all.end(),
                                    [&](auto* b) { return b->sent.later_than(a->sent); });
      if (!sent_again) continue;
      EXPECT_EQ(a->request_body, 0u) << "a body was sent twice";
      // Nothing on the way takes back what a backend has sent before it ended cleanly.
      bool arrived = a->finished && faults.reset == 0;
      EXPECT_FALSE(arrived && a->begun) << "sent again after a part of a response";
    }
  }
}

void expect_not_used_again(const HttpWorld& world) {
  std::map<uint64_t, const HttpAttempt*> talked_on;
  for (const HttpAttempt& a : world.ledger().attempts) {
    const HttpAttempt*& before = talked_on[a.connection];
    if (before) ADD_FAILURE() << describe(a) << ", after " << describe(*before);
    if (a.talks_on) before = &a;
  }
}

void expect_honest_tunnels(const HttpWorld& world) {
  for (const HttpRequest& r : world.ledger().requests) {
    if (r.attempt == 0 || r.status != 101) continue;
    SCOPED_TRACE(describe(r));
    const HttpAttempt& a = world.ledger().attempts[r.attempt - 1];
    auto expect_side = [](const TunnelSide& to, const TunnelSide& from) {
      EXPECT_LE(to.received, from.sent);
      if (to.ended != Account::End::Clean) return;
      EXPECT_TRUE(from.finished);
      EXPECT_EQ(to.received, from.length);
    };
    expect_side(r.tunnel, a.tunnel);
    expect_side(a.tunnel, r.tunnel);
  }
}

void expect_order(const HttpWorld& world) {
  for (const auto& client : world.clients()) {
    if (client.h2) continue;
    bool over = false;
    for (const HttpRequest* r : client.requests()) {
      SCOPED_TRACE(describe(*r));
      EXPECT_FALSE(over && r->status != 0);
      over |= !r->answered;
    }
  }
}

void expect_true_records(const HttpWorld& world) {
  for (const auto& client : world.clients()) {
    std::vector<const RequestLine*> lines;
    for (const RequestLine& line : world.lines()) {
      if (line.peer == client.address) lines.push_back(&line);
    }
    const auto& requests = client.requests();
    size_t begun = 0;
    size_t answered = 0;
    for (const HttpRequest* r : requests) {
      begun += r->begun;
      answered += r->status != 0;
    }
    // Half of a request behind the last one may be what the proxy takes for another.
    EXPECT_LE(lines.size(), begun);
    EXPECT_GE(lines.size(), answered);
    if (client.h2) {
      expect_true_lines(world, requests, lines);
      continue;
    }
    for (size_t i = 0; i < std::min(lines.size(), requests.size()); ++i) {
      SCOPED_TRACE(describe(*requests[i]) + "; " + describe(*lines[i]));
      expect_true_line(world, *requests[i], *lines[i]);
    }
  }
}

void expect_drained(const HttpWorld& world) {
  if (world.plan().versions.client_http2) return;
  std::map<uint64_t, size_t> after;
  for (const RequestLine& line : world.lines()) {
    if (line.record.start <= world.drained_at()) continue;
    EXPECT_LE(++after[line.connection], 1u) << describe(line);
  }
}

std::string tell(const HttpWorld& world) {
  std::string text;
  for (const HttpRequest& r : world.ledger().requests) text += "\n  " + describe(r);
  for (const HttpAttempt& a : world.ledger().attempts) text += "\n  " + describe(a);
  for (const RequestLine& line : world.lines()) text += "\n  " + describe(line);
  return text;
}

}  // namespace sallyport::sim
