// load: a load generator for TLS and TCP servers. See --help and bench/README.md.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>

#include "bench/load/watched_cpu.h"
#include "bench/load/worker.h"

namespace sallyport::bench {
namespace {

std::atomic<bool> stop{false};

Results run_worker(Worker& worker) {
  try {
    return worker.run(stop);
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    std::_Exit(2);
  }
}

Results run(const Options& options) {
  StartingLine line(options.threads);
  // Says now, and not after the warm-up, that a process is not there.
  const WatchedCpu check(options.watched);
  std::vector<std::unique_ptr<Worker>> workers;
  for (uint32_t i = 0; i < options.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(options, i, line));
  }
  std::vector<Results> results(options.threads);
  std::vector<std::jthread> threads;
  for (uint32_t i = 0; i < options.threads; ++i) {
    threads.emplace_back([&, i] { results[i] = run_worker(*workers[i]); });
  }
  for (std::jthread& thread : threads) thread.join();
  for (size_t i = 1; i < results.size(); ++i) results[0].merge(results[i]);
  return std::move(results[0]);
}

int main(int argc, char** argv) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { stop = true; });
  const Options options = parse_options(argc, argv);
  try {
    const Results results = run(options);
    const std::string report =
        options.json ? json_report(options, results) + "\n" : text_report(options, results);
    std::fputs(report.c_str(), stdout);
    return options.fail_on_error && results.all_failures() > 0 ? 1 : 0;
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 2;
  }
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  return sallyport::bench::main(argc, argv);
}
