#include "control/check.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdio>

#include "control/file/secret_reader.h"
#include "control/file/yaml_reader.h"
#include "dataplane/route/snapshot.h"

namespace sallyport {

namespace {

Problems problems_of(const CheckOptions& options) {
  ReadResult read = read_config_file(options.file);
  if (!read.config || !options.secrets) return read.problems;
  Problems problems;
  Materials materials;
  materials.secrets = read_secrets(*read.config, problems);
  SnapshotBuilder builder(1);
  builder.build(*read.config, materials, problems);
  return problems;
}

void print_json(const Problems& problems) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> out(text);
  auto string = [&](const char* key, const std::string& value) {
    out.Key(key);
    out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  out.StartObject();
  out.Key("valid");
  out.Bool(problems.empty());
  out.Key("problems");
  out.StartArray();
  for (const Problem& problem : problems) {
    out.StartObject();
    string("source", problem.place.source);
    out.Key("line");
    out.Int(problem.place.line);
    out.Key("column");
    out.Int(problem.place.column);
    string("path", problem.path);
    string("message", problem.message);
    out.EndObject();
  }
  out.EndArray();
  out.EndObject();
  std::printf("%s\n", text.GetString());
}

}  // namespace

int check(const CheckOptions& options) {
  Problems problems = problems_of(options);
  if (options.json) {
    print_json(problems);
  } else {
    for (const Problem& problem : problems) {
      std::fprintf(stderr, "%s\n", problem.text().c_str());
    }
    if (problems.empty()) std::printf("%s: valid\n", options.file.c_str());
  }
  return problems.empty() ? 0 : 1;
}

}  // namespace sallyport
