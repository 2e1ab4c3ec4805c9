#include "control/ocsp/stapler.h"

#include <time.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "control/ocsp/schedule.h"
#include "dataplane/base/check.h"
#include "dataplane/base/log.h"
#include "dataplane/base/thread.h"
#include "dataplane/io/entropy.h"

namespace sallyport {

namespace {

constexpr Millis kDeadline{10'000};
constexpr size_t kTogether = 8;   // questions under way
constexpr int64_t kNever = INT64_MAX;
// The longest sleep: whoever sets the clock has not to be waited for.
constexpr int64_t kNap = 60;

int64_t seconds_now() { return ::time(nullptr); }

PostRequest post_of(const OcspQuestion& question) {
  PostRequest request;
  request.url = question.url();
  request.type = "application/ocsp-request";
  request.accept = "application/ocsp-response";
  request.body = question.request();
  request.deadline = kDeadline;
  request.most = kOcspMostBytes;
  return request;
}

}  // namespace

struct Stapler::Job {
  std::shared_ptr<Stapling> stapling;
  int64_t due = 0;
  int failures = 0;
  std::unique_ptr<HttpPost> post;  // under way
};

/// All but what others may call is the thread's own.
class Stapler::Thread {
 public:
  explicit Thread(Stapler& stapler) : stapler_(stapler) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_.reset(curl_multi_init());
    CHECK(multi_ != nullptr);
    uint8_t seed[4];
    fill_with_entropy(seed);
    random_.seed(seed[0] | seed[1] << 8 | seed[2] << 16);
    thread_ = start_thread("ocsp", [this] { run(); });
  }
  ~Thread() {
    ended_ = true;
    wake();
    thread_.join();
    while (!jobs_.empty()) drop(jobs_.begin());
  }
  void wake() { curl_multi_wakeup(multi_.get()); }

 private:
  using Jobs = std::map<const Stapling*, std::unique_ptr<Job>>;

  void run() {
    while (!ended_) {
      adopt();
      start_due();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      finish_done();
      curl_multi_poll(multi_.get(), nullptr, 0, milliseconds_to_wait(), nullptr);
    }
  }

  void adopt() {
    std::vector<std::shared_ptr<Stapling>> wanted;
    {
      std::lock_guard lock(stapler_.mutex_);
      wanted = stapler_.staplings_;
    }
    std::set<const Stapling*> kept;
    for (auto& stapling : wanted) {
      kept.insert(stapling.get());
      auto& job = jobs_[stapling.get()];
      if (job) continue;
      job = std::make_unique<Job>();
      job->stapling = std::move(stapling);
      begin(*job);
    }
    for (auto at = jobs_.begin(); at != jobs_.end();) {
      at = kept.count(at->first) ? std::next(at) : drop(at);
    }
  }

  void begin(Job& job) {
    const Result<OcspQuestion>& question = job.stapling->question();
    if (!question) {
      log_warning("no OCSP staple can be had",
                  {{"secret", job.stapling->secret()}, {"error", question.error().message}});
    }
    set_due(job, question ? 0 : kNever);
  }

  Jobs::iterator drop(Jobs::iterator at) {
    Job& job = *at->second;
    waiting_.erase({job.due, &job});
    stop(job);
    return jobs_.erase(at);
  }

  void set_due(Job& job, int64_t due) {
    job.due = due;
    waiting_.insert({due, &job});
  }

  void start_due() {
    int64_t now = seconds_now();
    while (under_way_ < kTogether && !waiting_.empty() && waiting_.begin()->first <= now) {
      Job& job = *waiting_.begin()->second;
      waiting_.erase(waiting_.begin());
      job.post = std::make_unique<HttpPost>(post_of(*job.stapling->question()), &job);
      curl_multi_add_handle(multi_.get(), job.post->handle());
      ++under_way_;
    }
  }

  void stop(Job& job) {
    if (!job.post) return;
    curl_multi_remove_handle(multi_.get(), job.post->handle());
    job.post.reset();
    --under_way_;
  }

  void finish_done() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      auto& job = *static_cast<Job*>(HttpPost::owner(message->easy_handle));
      std::string fault = job.post->fault(message->data.result);
      std::string body = job.post->body();
      stop(job);
      answered(job, fault.empty() ? job.stapling->question()->read(body, seconds_now())
                                  : OcspAnswer{OcspVerdict::Unusable, fault, {}});
    }
  }

  void answered(Job& job, OcspAnswer answer) {
    int64_t now = seconds_now();
    std::shared_ptr<const Staple> before = job.stapling->at(now);
    if (answer.verdict == OcspVerdict::Good && before &&
        answer.staple.this_update < before->this_update) {
      answer = {OcspVerdict::Unusable, "older than the answer before", {}};
    }
    ++stapler_.answers_[static_cast<size_t>(answer.verdict)];
    if (answer.verdict == OcspVerdict::Good) {
      job.failures = 0;
      set_due(job, refresh_at(answer.staple, now, chance()));
      log_info("OCSP staple in use", {{"secret", job.stapling->secret()},
                                      {"valid_s", answer.staple.next_update - now},
                                      {"next_in_s", job.due - now}});
      job.stapling->use(std::make_shared<const Staple>(std::move(answer.staple)));
      return;
    }
    // Whoever cannot sign cannot make us take a staple back; that it is not good, can.
    if (answer.verdict != OcspVerdict::Unusable) job.stapling->use(nullptr);
    set_due(job, retry_at(++job.failures, now, chance()));
    tell(job, answer, now);
  }

  void tell(const Job& job, const OcspAnswer& answer, int64_t now) {
    std::shared_ptr<const Staple> left = job.stapling->at(now);
    auto say = answer.verdict == OcspVerdict::Revoked ? log_error : log_warning;
    say("no new OCSP staple",
        {{"secret", job.stapling->secret()},
         {"responder", job.stapling->question()->url()},
         {"result", name(answer.verdict)},
         {"error", answer.fault},
         {"staple_valid_s", left ? left->next_update - now : int64_t{0}},
         {"next_in_s", job.due - now}},
        LogSite::here());
  }

  int milliseconds_to_wait() const {
    if (under_way_ >= kTogether || waiting_.empty()) return static_cast<int>(kNap) * 1000;
    int64_t wait = waiting_.begin()->first - seconds_now();
    return static_cast<int>(std::clamp(wait, int64_t{0}, kNap)) * 1000;
  }

  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Stapler& stapler_;
  CurlMultiPtr multi_;
  std::minstd_rand random_;
  Jobs jobs_;
  std::set<std::pair<int64_t, Job*>> waiting_;  // those that are not under way
  size_t under_way_ = 0;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

Stapler::Stapler() = default;
Stapler::~Stapler() = default;

void Stapler::keep(std::vector<std::shared_ptr<Stapling>> staplings) {
  {
    std::lock_guard lock(mutex_);
    staplings_ = std::move(staplings);
    if (staplings_.empty() && !thread_) return;
  }
  if (!thread_) thread_ = std::make_unique<Thread>(*this);
  thread_->wake();
}

StapleMetrics Stapler::metrics() const {
  int64_t now = seconds_now();
  std::map<std::string, StapleMetrics::Staple> by_secret;
  {
    std::lock_guard lock(mutex_);
    for (const auto& stapling : staplings_) {
      std::shared_ptr<const Staple> staple = stapling->at(now);
      auto [it, fresh] = by_secret.try_emplace(stapling->secret());
      StapleMetrics::Staple& m = it->second;
      m.secret = stapling->secret();
      m.valid = staple && (fresh || m.valid);
      int64_t age = staple ? std::max<int64_t>(now - staple->this_update, 0) : 0;
      m.age_seconds = std::max(m.age_seconds, static_cast<uint64_t>(age));
    }
  }
  StapleMetrics metrics;
  for (auto& [secret, staple] : by_secret) metrics.staples.push_back(std::move(staple));
  for (size_t v = 0; v < kOcspVerdicts; ++v) {
    metrics.answers.emplace_back(name(static_cast<OcspVerdict>(v)), answers_[v].load());
  }
  return metrics;
}

}  // namespace sallyport
