#include "eval/progress_file.h"

#include "core/error.h"

namespace hyplora {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

ProgressFile::ProgressFile(const fs::path& path, const Json& run, bool resume) : path_(path) {
  std::string kept = line_of(Json{{"run", run}});
  if (resume && fs::exists(path)) read(run);
  for (const auto& [row, record] : done_) kept += line_of(Json{{"row", row}, {"record", record}});
  write_file(path, kept);
  file_.open(path, std::ios::app);
}

void ProgressFile::read(const Json& run) {
  const std::string text = read_file(path_);
  bool first = true;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == text.npos) break;
    const Json line = Json::parse(text.substr(begin, end - begin), nullptr, /*allow_exceptions=*/false);
    begin = end + 1;
    if (first && (!line.is_object() || line.value("run", Json()) != run)) {
      throw InputError(
          "{}: was written by a run with another model, adapter, data or settings; remove it, or leave out --resume.",
          path_.string());
    }
    if (!first && line.is_object() && line.contains("row") && line["row"].is_number_unsigned() && line.contains("record")) {
      done_[line["row"].get<size_t>()] = line["record"];
    }
    first = false;
  }
}

void ProgressFile::add(size_t row, const Json& record) {
  file_ << line_of(Json{{"row", row}, {"record", record}}) << std::flush;
  if (!file_) throw RunError("{}: cannot be written; the disk may be full.", path_.string());
  done_[row] = record;
}

}  // namespace hyplora
