#include "dataplane/service/health_probe.h"

#include <errno.h>
#include <string.h>

#include <utility>

#include "dataplane/base/log.h"
#include "dataplane/model/quantity.h"
#include "dataplane/tls/facts.h"

namespace sallyport {

namespace {

// When too many are under way, it waits so long for its turn.
constexpr Millis kCrowded{50};

Micros at_random(std::minstd_rand& random, Micros most) {
  return Micros(std::uniform_int_distribution<int64_t>(0, most.count())(random));
}

}  // namespace

HealthProbe::HealthProbe(ProbeContext& context, std::shared_ptr<const Service> service, size_t at)
    : context_(context),
      service_(std::move(service)),
      at_(at),
      deadline_(context.loop.deadlines(), *this) {
  wait_until(context_.loop.now());
}

HealthProbe::~HealthProbe() {
  if (phase_ != Phase::Wait) --context_.under_way;
}

void HealthProbe::belongs_to(std::shared_ptr<const Service> service, size_t at) {
  service_ = std::move(service);
  at_ = at;
  if (phase_ != Phase::Wait) return;
  Instant latest = begun_ + service_->health()->config.interval;
  if (latest < due_) wait_until(latest);
}

void HealthProbe::wait_until(Instant due) {
  phase_ = Phase::Wait;
  due_ = due;
  deadline_.arm(due);
}

void HealthProbe::turn() {
  if (phase_ != Phase::Wait) {
    if (!deadline_.expired()) return advance();
    static constexpr const char* kDoing[] = {"", "connecting", "shaking hands", "asking"};
    return finish("no answer within " + duration_text(checked_->health()->config.timeout) +
                  ", while " + kDoing[static_cast<size_t>(phase_)]);
  }
  if (!deadline_.expired()) return;
  if (context_.under_way < kChecksMost) return begin();
  wait_until(context_.loop.now() + kCrowded);
}

void HealthProbe::begin() {
  checked_ = service_;
  endpoint_ = checked_->endpoints()[at_];
  begun_ = context_.loop.now();
  deadline_.arm(begun_ + checked_->health()->config.timeout);
  phase_ = Phase::Connect;
  ++context_.under_way;
  int error = 0;
  Socket socket = Socket::connect(context_.loop, *this, endpoint_.address, error);
  if (!socket.open()) return finish(std::string("connecting failed: ") + strerror(error));
  stream_.emplace(context_.scratch).attach(std::move(socket));
  advance();
}

void HealthProbe::advance() {
  if (phase_ == Phase::Connect && !connected()) return;
  if (phase_ == Phase::Handshake && !shaken()) return;
  if (phase_ == Phase::Call) exchange();
}

// False: not yet, or the check has ended.
bool HealthProbe::connected() {
  int result = stream_->socket().connect_result();
  if (result == EINPROGRESS) return false;
  if (result != 0) {
    finish(std::string("connecting failed: ") + strerror(result));
    return false;
  }
  if (!checked_->tls()) {
    start_call();
    return true;
  }
  SslPtr ssl = checked_->tls()->new_ssl(endpoint_.name, context_.tls_slot);
  if (!ssl) {
    finish("cannot set up verification of the endpoint");
    return false;
  }
  stream_->start_tls(std::move(ssl));
  phase_ = Phase::Handshake;
  return true;
}

bool HealthProbe::shaken() {
  Step step = stream_->handshake();
  if (step == Step::Blocked) return false;
  if (step == Step::Failed) {
    std::string detail = handshake_failure(*stream_).detail;
    stream_->flush();  // the alert that tells why
    finish("the TLS handshake failed: " + detail);
    return false;
  }
  if (tls_facts(*stream_).alpn != "h2") {
    finish("the endpoint does not agree to HTTP/2");
    return false;
  }
  start_call();
  return true;
}

void HealthProbe::start_call() {
  using Scheme = GrpcHealthCall::Scheme;
  phase_ = Phase::Call;
  call_.emplace(checked_->health()->config, authority(),
                checked_->tls() ? Scheme::Https : Scheme::Http);
}

std::string HealthProbe::authority() const {
  bool six = endpoint_.name.find(':') != std::string::npos;
  std::string host = six ? "[" + endpoint_.name + "]" : endpoint_.name;
  return host + ":" + std::to_string(endpoint_.address.port());
}

void HealthProbe::exchange() {
  bool open = send();
  while (open && !call_->over()) {
    MutableBytes room{context_.scratch.plain, Scratch::kChunk};
    FlowResult r = stream_->read(room);
    if (r.kind == Flow::Blocked) return;
    if (r.kind == Flow::Ok) {
      call_->receive(room.first(r.bytes));
      open = send();
    } else {
      call_->ended(r.kind == Flow::Failed ? stream_->error_text() : "the endpoint closed it");
    }
  }
  if (!open) call_->ended(stream_->error_text());
  finish(call_->fault());
}

// False: the connection has failed.
bool HealthProbe::send() {
  if (stream_->flush() == Step::Failed) return false;
  while (!stream_->has_unsent() && call_->wants_write()) {
    MutableBytes room{context_.scratch.head, Scratch::kChunk};
    size_t size = call_->produce(room);
    if (size == 0) break;
    if (stream_->send(Bytes(room.first(size))) == Step::Failed) return false;
  }
  return true;
}

void HealthProbe::finish(std::string fault) {
  if (stream_ && stream_->open()) {
    if (phase_ == Phase::Call) stream_->say_goodbye();
    stream_->close();
  }
  call_.reset();
  stream_.reset();
  checked_.reset();
  --context_.under_way;
  tell(fault);
  Micros interval = service_->health()->config.interval;
  wait_until(begun_ + interval - at_random(context_.random, interval / 4));
}

void HealthProbe::tell(const std::string& fault) {
  const ServiceHealth& health = *service_->health();
  (fault.empty() ? health.counts->passed : health.counts->failed).add();
  if (!health.endpoints[at_]->report(health.config, fault)) return;
  std::string address = endpoint_.address.text();
  if (fault.empty()) {
    log_info("endpoint is healthy", {{"service", service_->name()}, {"endpoint", address}});
  } else {
    log_warning("endpoint is unhealthy",
                {{"service", service_->name()}, {"endpoint", address}, {"reason", fault}});
  }
}

}  // namespace sallyport
