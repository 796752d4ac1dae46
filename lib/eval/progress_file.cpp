#include "eval/progress_file.h"

#include "core/error.h"
#include "io/identity.h"

namespace hyplora {
namespace {

std::string line_of(const Json& json) { return json_text(json) + "\n"; }
std::string line_of(size_t row, const Record& record) { return line_of(Json{{"row", row}, {"record", to_json(record)}}); }

/// The whole lines of a progress file; nothing where the file is not there.
std::vector<Json> read_lines(const fs::path& path) {
  std::vector<Json> lines;
  if (!fs::exists(path)) return lines;
  const std::string text = read_file(path);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == text.npos) break;
    lines.push_back(try_json(std::string_view(text).substr(begin, end - begin)).value_or(Json()));
    begin = end + 1;
  }
  return lines;
}

void require_same_run(const fs::path& path, const std::vector<Json>& lines, const Json& run) {
  if (lines.empty()) return;
  if (!lines[0].is_object() || !lines[0].contains("run") || !lines[0]["run"].is_object()) {
    throw InputError("{}: is not the progress of a run; remove it, or leave out --resume.", path.string());
  }
  if (const auto changed = difference(lines[0]["run"], run)) {
    throw InputError("{}: was written by another run: {}; remove the file, or leave out --resume.", path.string(), *changed);
  }
}

}  // namespace

std::optional<std::string> difference(const Json& before, const Json& now) {
  std::vector<std::string> texts;
  for (const Difference& d : differences({before, {}}, {now, {}})) texts.push_back(d.text());
  return texts.empty() ? std::nullopt : std::optional(fmt::format("{}", fmt::join(texts, "; ")));
}

std::set<size_t> rows_of(const Records& records) {
  std::set<size_t> rows;
  for (const auto& [row, record] : records) {
    if (const auto* measured = std::get_if<LossRecord>(&record)) {
      rows.insert(measured->rows.begin(), measured->rows.end());
    } else {
      rows.insert(row);
    }
  }
  return rows;
}

ProgressFile::ProgressFile(const fs::path& path, const Json& run, Records done) : path_(path), done_(std::move(done)) {
  std::string kept = line_of(Json{{"run", run}});
  for (const auto& [row, record] : done_) kept += line_of(row, record);
  write_file(path, kept);
  file_.open(path, std::ios::app);
}

Records ProgressFile::read(const fs::path& path, const Json& run) {
  const std::vector<Json> lines = read_lines(path);
  require_same_run(path, lines, run);
  Records done;
  for (const Json& line : lines) {
    if (!line.is_object() || !line.contains("row") || !line["row"].is_number_unsigned()) continue;
    if (auto record = record_from(line.value("record", Json()))) done[line["row"].get<size_t>()] = std::move(*record);
  }
  return done;
}

void ProgressFile::add(size_t row, const Record& record) {
  file_ << line_of(row, record) << std::flush;
  if (!file_) throw RunError("{}: cannot be written; the disk may be full.", path_.string());
  done_[row] = record;
}

}  // namespace hyplora
