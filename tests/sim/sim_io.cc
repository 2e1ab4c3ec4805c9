// The I/O seam (dataplane/io/*.h) on the simulated network. What Socket does with its flags is the
// same as in dataplane/io/socket.cc; only the kernel below is another.
#include <errno.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/io/loop.h"
#include "dataplane/io/pipe.h"
#include "dataplane/io/socket.h"
#include "tests/sim/sim_network.h"

namespace sallyport {

struct Loop::Impl {
  explicit Impl(Loop& of) : loop(of) {}

  Loop& loop;
  sim::Network& network = sim::Network::current();
  std::vector<Socket*> sockets;  // by the descriptor's slot
  List<Task, RunQueue> queue;
  std::vector<std::unique_ptr<Task>> graveyard;
  std::vector<std::function<void()>> calls;
  bool stopping = false;

  void add(int descriptor, Socket& socket) {
    size_t slot = sim::Network::slot_of(descriptor);
    if (slot >= sockets.size()) sockets.resize(slot + 1);
    sockets[slot] = &socket;
    network.end(descriptor).watch();
  }
  void moved(int descriptor, Socket* socket) {
    sockets[sim::Network::slot_of(descriptor)] = socket;
  }

  void dispatch_edges() {
    for (auto [descriptor, edge] : network.collect_edges()) {
      Socket* socket = sockets[sim::Network::slot_of(descriptor)];
      if (socket) socket->on_edge(edge.readable, edge.writable, edge.ended);
    }
  }
  void dispatch_calls() {
    for (auto& accept : network.collect_accepts()) accept();
    for (auto& call : std::exchange(calls, {})) call();
  }
  void dispatch_deadlines() {
    if (loop.deadlines_.empty() || loop.now_ < loop.deadlines_.next()) return;
    if (network.random().chance(network.faults().late_timer)) return;  // another time
    loop.deadlines_.expire(loop.now_, [this](Task& task) { loop.post(task); });
  }
  void run_turns() {
    List<Task, RunQueue> batch;
    batch.splice_back(queue);
    while (!batch.empty()) {
      Task& task = batch.front();
      task.ListLink<RunQueue>::unlink();
      task.turn();
    }
    graveyard.clear();
  }
  /// False when nothing will ever happen again.
  bool sleep() {
    if (!queue.empty() || !calls.empty()) {
      return network.work(network.random().micros(Micros(1), Micros(50)));
    }
    Instant until = Instant::max();
    if (!loop.deadlines_.empty()) {
      until = std::max(loop.deadlines_.next(), network.now());
      if (network.random().chance(network.faults().late_timer)) until += network.lateness();
    }
    return network.sleep(until);
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>(*this)) { now_ = impl_->network.now(); }

Loop::~Loop() {
  impl_->graveyard.clear();  // its sockets still need the rest
}

void Loop::run() {
  Impl& i = *impl_;
  i.stopping = false;
  do {
    now_ = i.network.now();
    i.dispatch_edges();
    i.dispatch_calls();
    i.dispatch_deadlines();
    i.run_turns();
  } while (!i.stopping && i.sleep());
}

void Loop::stop() { impl_->stopping = true; }

void Loop::submit(std::function<void()> call) {
  impl_->calls.push_back(std::move(call));
  impl_->network.wake();
}

WallTime Loop::wall_now() const {
  // Some moment of 2026; the same in every run.
  return WallTime(Micros(1'780'000'000'000'000) + now_.time_since_epoch());
}

void Loop::post(Task& task) {
  if (!task.ListLink<RunQueue>::linked()) impl_->queue.push_back(task);
}

void Loop::bury(std::unique_ptr<Task> task) {
  task->ListLink<RunQueue>::unlink();
  impl_->graveyard.push_back(std::move(task));
}

Socket::Socket(Loop& loop, Task& owner, int descriptor)
    : loop_(&loop), owner_(&owner), descriptor_(descriptor), writable_(true) {
  loop.impl().add(descriptor, *this);
}

Socket Socket::connect(Loop& loop, Task& owner, const Address& to, int& error) {
  int descriptor = loop.impl().network.connect(to);
  error = descriptor < 0 ? -descriptor : 0;
  if (error != 0) return {};
  Socket s(loop, owner, descriptor);
  s.writable_ = false;
  return s;
}

Socket::Socket(Socket&& other) noexcept { *this = std::move(other); }

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  close();
  loop_ = other.loop_;
  owner_ = other.owner_;
  descriptor_ = std::exchange(other.descriptor_, -1);
  readable_ = other.readable_;
  writable_ = other.writable_;
  ended_ = other.ended_;
  if (open()) loop_->impl().moved(descriptor_, this);
  return *this;
}

void Socket::on_edge(bool readable, bool writable, bool ended) {
  readable_ |= readable;
  writable_ |= writable;
  ended_ |= ended;
  loop_->post(*owner_);
}

int Socket::connect_result() {
  if (!ended_) return writable_ ? 0 : EINPROGRESS;
  return loop_->impl().network.end(descriptor_).take_error();
}

IoResult Socket::read(MutableBytes into) {
  CHECK(open() && !into.empty());
  if (!readable_) return {Io::Blocked};
  IoResult r = loop_->impl().network.end(descriptor_).read(into);
  if (r.kind == Io::Blocked) readable_ = false;
  if (r.kind == Io::Ok && r.bytes < into.size() && !ended_) readable_ = false;
  return r;
}

IoResult Socket::write(Bytes from, bool more) {
  CHECK(open() && !from.empty());
  if (!writable_) return {Io::Blocked};
  IoResult r = loop_->impl().network.end(descriptor_).write(from, more);
  if (r.kind == Io::Blocked) writable_ = false;
  if (r.kind == Io::Ok && r.bytes < from.size()) writable_ = false;
  return r;
}

void Socket::push() {
  if (open()) loop_->impl().network.end(descriptor_).push();
}

// There is no kernel here to encrypt or to decrypt.
int Socket::encrypt_writes(Bytes) { return ENOENT; }
int Socket::decrypt_reads(Bytes) { return ENOENT; }

IoResult Socket::read_record(MutableBytes, uint8_t&) { return {Io::Failed}; }

IoResult Socket::write_record(uint8_t, Bytes) { return {Io::Failed}; }

IoResult Socket::splice_into(Pipe& pipe, size_t most) {
  CHECK(open() && pipe.pending() == 0 && most > 0);
  if (!readable_) return {Io::Blocked};
  sim::Network& network = loop_->impl().network;
  IoResult r = network.end(descriptor_).splice_into(network.pipe(pipe.read_end_), most);
  if (r.kind == Io::Blocked) readable_ = false;
  if (r.kind == Io::Ok) pipe.pending_ += r.bytes;
  return r;
}

IoResult Socket::splice_from(Pipe& pipe) {
  CHECK(open() && pipe.pending() > 0);
  if (!writable_) return {Io::Blocked};
  sim::Network& network = loop_->impl().network;
  IoResult r = network.end(descriptor_).splice_from(network.pipe(pipe.read_end_));
  if (r.kind == Io::Blocked) writable_ = false;
  if (r.kind == Io::Ok) pipe.pending_ -= r.bytes;
  return r;
}

void Socket::shutdown_write() {
  if (open()) loop_->impl().network.end(descriptor_).shutdown_write();
}

void Socket::close() {
  if (!open()) return;
  loop_->impl().moved(descriptor_, nullptr);
  loop_->impl().network.close(std::exchange(descriptor_, -1), false);
}

void Socket::reset() {
  if (!open()) return;
  loop_->impl().moved(descriptor_, nullptr);
  loop_->impl().network.close(std::exchange(descriptor_, -1), true);
}

void Socket::refuse(int descriptor) { sim::Network::current().close(descriptor, true); }

size_t Socket::unacknowledged() const {
  return open() ? loop_->impl().network.end(descriptor_).unacknowledged() : 0;
}

Address Socket::local_address() const {
  return open() ? loop_->impl().network.end(descriptor_).local() : Address();
}

Pipe::~Pipe() { sim::Network::current().close_pipe(read_end_, write_end_); }

std::unique_ptr<Pipe> PipePool::borrow() {
  if (!idle_.empty()) {
    std::unique_ptr<Pipe> pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
  }
  int read_end = -1;
  int write_end = -1;
  if (made_ >= most_ || !sim::Network::current().make_pipe(read_end, write_end)) {
    ++refusals_;
    return nullptr;
  }
  ++made_;
  return std::unique_ptr<Pipe>(new Pipe(read_end, write_end));
}

void PipePool::give_back(std::unique_ptr<Pipe> pipe) {
  if (!pipe) return;
  if (pipe->pending() == 0 && made_ <= most_) {
    idle_.push_back(std::move(pipe));
    return;
  }
  --made_;
}

}  // namespace sallyport
