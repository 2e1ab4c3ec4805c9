#include "dataplane/observe/prometheus_writer.h"

namespace sallyport {

namespace {

// Without trailing zeros: "0.0025", "60".
std::string seconds_text(uint64_t micros) {
  std::string text = std::to_string(micros / 1'000'000);
  std::string rest = std::to_string(micros % 1'000'000);
  rest.insert(0, 6 - rest.size(), '0');
  rest.erase(rest.find_last_not_of('0') + 1);
  return rest.empty() ? text : text + "." + rest;
}

}  // namespace

std::string prometheus_label(std::string_view key, std::string_view value) {
  std::string label(key);
  label += "=\"";
  for (char c : value) {
    switch (c) {
      case '\\': label += "\\\\"; break;
      case '"': label += "\\\""; break;
      case '\n': label += "\\n"; break;
      default: label += c;
    }
  }
  label += '"';
  return label;
}

void PrometheusWriter::family(std::string_view name, std::string_view type,
                              std::string_view help) {
  name_ = name;
  out_.append("# HELP ").append(name).append(" ").append(help);
  out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusWriter::value(std::string_view labels, uint64_t value) {
  sample("", labels, "", std::to_string(value));
}

void PrometheusWriter::histogram(std::string_view labels, std::span<const Micros> bounds,
                                 std::span<const uint64_t> buckets, uint64_t sum_micros) {
  uint64_t up_to_here = 0;
  for (size_t i = 0; i < bounds.size(); ++i) {
    up_to_here += buckets[i];
    sample("_bucket", labels, seconds_text(static_cast<uint64_t>(bounds[i].count())),
           std::to_string(up_to_here));
  }
  std::string all = std::to_string(up_to_here + buckets[bounds.size()]);
  sample("_bucket", labels, "+Inf", all);
  sample("_sum", labels, "", seconds_text(sum_micros));
  sample("_count", labels, "", all);
}

void PrometheusWriter::sample(std::string_view suffix, std::string_view labels,
                              std::string_view le, std::string_view value) {
  out_.append(name_).append(suffix);
  if (!labels.empty() || !le.empty()) {
    out_.append("{").append(labels);
    if (!le.empty()) out_.append(labels.empty() ? "le=\"" : ",le=\"").append(le).append("\"");
    out_.append("}");
  }
  out_.append(" ").append(value).append("\n");
}

}  // namespace sallyport
