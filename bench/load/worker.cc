#include "bench/load/worker.h"

#include <sys/epoll.h>

#include <algorithm>

#include "bench/load/watched_cpu.h"
#include "dataplane/base/check.h"

namespace sallyport::bench {
namespace {

// Fewer than any server's accept queue: a dropped SYN comes again only after a second.
constexpr uint32_t kOpeningAtOnce = 64;
constexpr std::chrono::milliseconds kRest{10};
constexpr std::chrono::milliseconds kDeadlineCheck{50};
constexpr size_t kScratch = 128 * 1024;

uint64_t micros(Clock::duration time) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  return static_cast<uint64_t>(std::max<int64_t>(0, count));
}

// The share of one thread: the first threads take what is left over.
uint64_t share(uint64_t whole, uint32_t parts, uint32_t index) {
  return whole / parts + (index < whole % parts ? 1 : 0);
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<Endpoint*>(SSL_get_app_data(ssl))->session.reset(session);
  return 1;  // ours now
}

}  // namespace

Worker::Worker(const Options& options, uint32_t index, StartingLine& line)
    : options_(options),
      index_(index),
      line_(line),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      scratch_(kScratch),
      budget_(share(options.count, options.threads, index)) {
  CHECK(epoll_);
  make_endpoints();
  make_connections();
}

Worker::~Worker() = default;

void Worker::make_endpoints() {
  for (const Host& host : options_.hosts) {
    auto endpoint = std::make_unique<Endpoint>();
    endpoint->host = host;
    endpoint->address = options_.target;
    endpoint->resume = options_.resume;
    if (options_.tls) {
      TlsSettings settings = options_.tls_settings;
      settings.certificate = host.certificate;
      settings.key = host.key;
      endpoint->context = client_context(settings);
      SSL_CTX* ctx = endpoint->context.get();
      if (options_.resume) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, keep_session);
      } else {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
      }
    }
    endpoints_.push_back(std::move(endpoint));
  }
}

void Worker::make_connections() {
  const uint64_t mine = share(options_.connections, options_.threads, index_);
  for (uint64_t i = 0; i < mine; ++i) {
    // Dealt over all threads: three connections in three threads reach three hosts.
    const uint64_t number = i * options_.threads + index_;
    Endpoint& endpoint = *endpoints_[number % endpoints_.size()];
    ConnectionOwner& owner = *this;
    connections_.push_back(
        std::make_unique<Connection>(options_, endpoint, owner, epoll_.get(), scratch_));
  }
}

Results Worker::run(const std::atomic<bool>& stop) {
  if (!options_.new_connections) open_all();
  start_ = line_.arrive();
  for (const auto& connection : connections_) ready_.push_back(connection.get());
  phase_ = Phase::WarmUp;
  for (Clock::time_point now = Clock::now(); !finished(now); now = Clock::now()) {
    if (stop && phase_ == Phase::WarmUp) begin_measuring(now);
    if (stop && phase_ == Phase::Measuring) end_measuring(now);
    follow_schedule(now);
    launch();
    if (!finished(now)) poll(now);
  }
  count_backlog();
  const Clock::time_point end = Clock::now() + options_.linger;
  while (!stop && Clock::now() < end) poll(Clock::now());
  close_all();
  return std::move(results_);
}

void Worker::open_all() {
  for (const auto& connection : connections_) unopened_.push_back(connection.get());
  while (!unopened_.empty() || opening_ > 0) {
    while (!unopened_.empty() && opening_ < kOpeningAtOnce) {
      Connection& connection = *unopened_.front();
      unopened_.pop_front();
      ++opening_;
      connection.open(Clock::now(), false);
    }
    if (opening_ > 0) poll(Clock::now());
  }
}

void Worker::close_all() {
  phase_ = Phase::Closing;
  for (const auto& connection : connections_) {
    if (connection->state() != Connection::State::Idle) continue;
    ++closing_;
    connection->close(Clock::now());
  }
  while (closing_ > 0) poll(Clock::now());
}

void Worker::follow_schedule(Clock::time_point now) {
  if (phase_ == Phase::WarmUp && now >= start_ + options_.warm_up) begin_measuring(now);
  if (phase_ != Phase::Measuring) return;
  const bool time_is_up = options_.duration.count() > 0 && now >= window_end_;
  const bool all_done = options_.count > 0 && measured_ == budget_ && active_ == 0;
  if (time_is_up || all_done) end_measuring(now);
}

void Worker::begin_measuring(Clock::time_point now) {
  phase_ = Phase::Measuring;
  // In the open loop the schedule says what belongs to the window, not the moment of noticing.
  window_begin_ = options_.rate > 0 ? std::min(now, start_ + options_.warm_up) : now;
  window_end_ = window_begin_ + options_.duration;
  if (index_ == 0) cpu_at_begin_ = WatchedCpu(options_.watched).seconds();
}

void Worker::end_measuring(Clock::time_point now) {
  phase_ = Phase::Draining;
  window_end_ = now;
  results_.seconds = std::chrono::duration<double>(now - window_begin_).count();
  if (index_ == 0) {
    results_.watched_cpu_seconds = WatchedCpu(options_.watched).seconds() - cpu_at_begin_;
  }
}

// Exchanges begin here and nowhere else.
void Worker::launch() {
  const Clock::time_point now = Clock::now();
  while (!resting_.empty() && resting_.front().first <= now) {
    ready_.push_back(resting_.front().second);
    resting_.pop_front();
  }
  while (!ready_.empty() && may_start(now)) {
    Connection& connection = *ready_.front();
    ready_.pop_front();
    connection.intended = options_.rate > 0 ? intended_start(begun_) : now;
    ++begun_;
    ++active_;
    const bool warming_up = phase_ == Phase::WarmUp || connection.intended < window_begin_;
    if (!warming_up) ++measured_;
    if (connection.state() == Connection::State::Closed) {
      connection.open(now, true);
    } else {
      connection.start(now);
    }
  }
}

bool Worker::may_start(Clock::time_point now) const {
  if (phase_ == Phase::Draining) return backlog();
  if (phase_ != Phase::WarmUp && phase_ != Phase::Measuring) return false;
  if (phase_ == Phase::Measuring && options_.count > 0 && measured_ >= budget_) return false;
  return options_.rate <= 0 || intended_start(begun_) <= now;
}

// In the open loop: an exchange was meant to begin in the window and has not. It begins after the
// window, for leaving it out would be to omit the very exchanges that the server held up.
bool Worker::backlog() const {
  if (phase_ != Phase::Draining || options_.rate <= 0) return false;
  if (options_.count > 0 && measured_ >= budget_) return false;
  return intended_start(begun_) < window_end_;
}

bool Worker::finished(Clock::time_point now) const {
  if (phase_ != Phase::Draining || active_ > 0) return false;
  return !backlog() || now > window_end_ + options_.timeout;
}

void Worker::count_backlog() {
  for (; backlog(); ++begun_, ++measured_) {
    results_.count({FailureKind::Timeout, "no connection was free to begin in time"});
  }
}

Clock::time_point Worker::intended_start(uint64_t number) const {
  const double at = static_cast<double>(number * options_.threads + index_) / options_.rate;
  return start_ + std::chrono::nanoseconds(static_cast<int64_t>(at * 1e9));
}

void Worker::poll(Clock::time_point now) {
  const auto wait = std::max<std::chrono::nanoseconds>(next_wake(now) - now, {});
  const timespec timeout{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
  epoll_event events[256];
  const int count = ::epoll_pwait2(epoll_.get(), events, 256, &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    static_cast<Connection*>(events[i].data.ptr)->on_ready(events[i].events);
  }
  now = Clock::now();
  if (now < next_deadline_check_) return;
  next_deadline_check_ = now + kDeadlineCheck;
  for (const auto& connection : connections_) connection->check_deadline(now);
}

Clock::time_point Worker::next_wake(Clock::time_point now) const {
  Clock::time_point wake = now + kDeadlineCheck;
  if (phase_ == Phase::WarmUp) wake = std::min(wake, start_ + options_.warm_up);
  const bool timed = options_.duration.count() > 0;
  if (phase_ == Phase::Measuring && timed) wake = std::min(wake, window_end_);
  if (!resting_.empty()) wake = std::min(wake, resting_.front().first);
  const bool scheduled = phase_ == Phase::WarmUp || phase_ == Phase::Measuring;
  if (scheduled && options_.rate > 0 && !ready_.empty()) {
    wake = std::min(wake, std::max(now, intended_start(begun_)));
  }
  return wake;
}

bool Worker::counts(const Connection& connection) const {
  const bool begun_in_window = connection.intended >= window_begin_;
  if (phase_ == Phase::Measuring) {
    return begun_in_window || (options_.rate <= 0 && options_.count == 0);
  }
  return phase_ == Phase::Draining && options_.rate > 0 && begun_in_window &&
         connection.intended < window_end_;
}

void Worker::opened(Connection& connection) {
  ++results_.connections_opened;
  results_.opening.record(micros(connection.opening_time));
  if (SSL* ssl = connection.transport().ssl()) {
    ++(SSL_session_reused(ssl) ? results_.handshakes_resumed : results_.handshakes_full);
    if (results_.tls.empty()) {
      results_.tls = std::string(SSL_get_version(ssl)) + " " + SSL_get_cipher_name(ssl);
    }
  }
  if (phase_ == Phase::Opening) --opening_;
}

void Worker::exchanged(Connection& connection) {
  --active_;
  const Clock::time_point now = Clock::now();
  if (const auto& failure = connection.exchange().failure()) {
    results_.count(*failure);
  } else if (counts(connection)) {
    ++results_.exchanges;
    results_.bytes_sent += connection.bytes_sent;
    results_.bytes_received += connection.bytes_received;
    results_.latency.record(micros(now - connection.intended));
  }
  if (options_.new_connections || !connection.exchange().reusable()) {
    ++closing_;
    connection.close(now);
  } else {
    ready_.push_back(&connection);
    launch();
  }
}

void Worker::closed(Connection& connection, bool clean) {
  --closing_;
  if (!clean) ++results_.unclean_closes;
  if (phase_ == Phase::Closing) return;
  ready_.push_back(&connection);
  launch();
}

void Worker::failed(Connection& connection, ConnectionState was, const Failure& failure) {
  results_.count(failure);
  // Between exchanges it stands in the ready queue already and will be opened when its turn comes.
  if (was == ConnectionState::Idle) return;
  if (phase_ == Phase::Opening) {
    --opening_;
    return;
  }
  --active_;
  resting_.emplace_back(Clock::now() + kRest, &connection);
}

}  // namespace sallyport::bench
