#include "bench/load/results.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace sallyport::bench {
namespace {

struct Percentile {
  const char* name;
  double percent;
};
constexpr Percentile kPercentiles[] = {{"p50", 50},     {"p90", 90},       {"p99", 99},
                                       {"p99.9", 99.9}, {"p99.99", 99.99}, {"max", 100}};

[[gnu::format(printf, 2, 3)]] void append(std::string& out, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  out += line;
}

void append(std::string& out, const char* what, const HdrHistogram& histogram) {
  if (histogram.count() == 0) return;
  append(out, "%-12s mean %.0f µs", what, histogram.mean());
  for (const Percentile& p : kPercentiles) {
    append(out, ", %s %llu", p.name,
           static_cast<unsigned long long>(histogram.percentile(p.percent)));
  }
  out += '\n';
}

double per_second(uint64_t what, double seconds) {
  return seconds > 0 ? static_cast<double>(what) / seconds : 0;
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write(Writer& json, const char* key, uint64_t value) {
  json.Key(key);
  json.Uint64(value);
}

void write(Writer& json, const char* key, double value) {
  json.Key(key);
  json.Double(value);
}

void write(Writer& json, const char* key, const std::string& value) {
  json.Key(key);
  json.String(value.c_str());
}

void write(Writer& json, const char* key, const HdrHistogram& histogram) {
  json.Key(key);
  json.StartObject();
  write(json, "count", histogram.count());
  write(json, "mean", histogram.mean());
  write(json, "min", histogram.min());
  for (const Percentile& p : kPercentiles) write(json, p.name, histogram.percentile(p.percent));
  json.EndObject();
}

void write_failures(Writer& json, const Results& results) {
  write(json, "errors", results.all_failures());
  json.Key("errors_by_kind");
  json.StartObject();
  for (size_t i = 0; i < kFailureKinds; ++i) {
    if (results.failures[i]) write(json, name(static_cast<FailureKind>(i)), results.failures[i]);
  }
  json.EndObject();
  json.Key("first_errors");
  json.StartObject();
  for (size_t i = 0; i < kFailureKinds; ++i) {
    if (results.failures[i] == 0) continue;
    write(json, name(static_cast<FailureKind>(i)), results.first_failure[i]);
  }
  json.EndObject();
}

}  // namespace

void Results::count(const Failure& failure) {
  const auto i = static_cast<size_t>(failure.kind);
  if (failures[i]++ == 0) first_failure[i] = failure.text;
}

void Results::merge(const Results& other) {
  exchanges += other.exchanges;
  bytes_sent += other.bytes_sent;
  bytes_received += other.bytes_received;
  latency.merge(other.latency);
  seconds = std::max(seconds, other.seconds);
  watched_cpu_seconds += other.watched_cpu_seconds;
  connections_opened += other.connections_opened;
  handshakes_full += other.handshakes_full;
  handshakes_resumed += other.handshakes_resumed;
  opening.merge(other.opening);
  unclean_closes += other.unclean_closes;
  if (tls.empty()) tls = other.tls;
  for (size_t i = 0; i < kFailureKinds; ++i) {
    if (failures[i] == 0) first_failure[i] = other.first_failure[i];
    failures[i] += other.failures[i];
  }
}

uint64_t Results::all_failures() const {
  uint64_t sum = 0;
  for (const uint64_t count : failures) sum += count;
  return sum;
}

std::string text_report(const Options& options, const Results& results) {
  std::string out;
  append(out, "%s: %llu exchanges in %.2f s, %.0f/s, %.1f MiB/s sent, %.1f MiB/s received\n",
         options.target_text.c_str(), static_cast<unsigned long long>(results.exchanges),
         results.seconds, per_second(results.exchanges, results.seconds),
         per_second(results.bytes_sent, results.seconds) / (1 << 20),
         per_second(results.bytes_received, results.seconds) / (1 << 20));
  append(out, "%llu connections opened, handshakes: %llu full, %llu resumed %s\n",
         static_cast<unsigned long long>(results.connections_opened),
         static_cast<unsigned long long>(results.handshakes_full),
         static_cast<unsigned long long>(results.handshakes_resumed), results.tls.c_str());
  append(out, options.rate > 0 ? "from intent" : "latency", results.latency);
  append(out, "opening", results.opening);
  if (!options.watched.empty() && results.exchanges > 0) {
    append(out, "watched      %.2f s of CPU, %.2f µs per exchange\n", results.watched_cpu_seconds,
           results.watched_cpu_seconds * 1e6 / static_cast<double>(results.exchanges));
  }
  if (results.unclean_closes > 0) {
    append(out, "%llu unclean closes\n", static_cast<unsigned long long>(results.unclean_closes));
  }
  for (size_t i = 0; i < kFailureKinds; ++i) {
    if (results.failures[i] == 0) continue;
    append(out, "ERRORS       %llu %s, first: %s\n",
           static_cast<unsigned long long>(results.failures[i]), name(static_cast<FailureKind>(i)),
           results.first_failure[i].c_str());
  }
  return out;
}

std::string json_report(const Options& options, const Results& results) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.SetMaxDecimalPlaces(6);
  json.StartObject();
  write(json, "target", options.target_text);
  write(json, "loop", std::string(options.rate > 0 ? "open" : "closed"));
  write(json, "rate", options.rate);
  write(json, "connections", uint64_t{options.connections});
  write(json, "threads", uint64_t{options.threads});
  write(json, "seconds", results.seconds);
  write(json, "exchanges", results.exchanges);
  write(json, "exchanges_per_second", per_second(results.exchanges, results.seconds));
  write(json, "bytes_sent", results.bytes_sent);
  write(json, "bytes_received", results.bytes_received);
  write(json, "watched_cpu_seconds", results.watched_cpu_seconds);
  write(json, "latency_us", results.latency);
  write(json, "connections_opened", results.connections_opened);
  write(json, "handshakes_full", results.handshakes_full);
  write(json, "handshakes_resumed", results.handshakes_resumed);
  write(json, "tls", results.tls);
  write(json, "opening_us", results.opening);
  write(json, "unclean_closes", results.unclean_closes);
  write_failures(json, results);
  json.EndObject();
  return buffer.GetString();
}

}  // namespace sallyport::bench
