#include "data/row_files.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "core/error.h"

namespace hyplora {
namespace {

namespace fs = std::filesystem;

constexpr const char* expected = ".json, .jsonl, .ndjson, .csv or .tsv file (or .gz of one)";

std::string extension_of(const fs::path& path) {
  return path.extension() == ".gz" ? path.stem().extension().string() : path.extension().string();
}

bool is_beside_data(const fs::path& path) {
  const auto names = {"dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json"};
  return std::find(names.begin(), names.end(), path.filename().string()) != names.end();
}

bool is_folder(const std::string& name) {
  std::error_code unknown;  // reading it says what is wrong
  return fs::is_directory(name, unknown);
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

std::vector<std::string> files_below(const std::string& folder) {
  std::vector<std::string> files;
  std::string other;  // a data file of a form that is not read
  std::error_code failed;
  fs::recursive_directory_iterator entry(folder, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    const fs::path& path = entry->path();
    std::error_code unknown;
    if (is_hidden(path)) {
      if (entry->is_directory(unknown)) entry.disable_recursion_pending();
    } else if (entry->is_regular_file(unknown)) {
      if (is_row_file(path) && !is_beside_data(path)) files.push_back(path);
      if (const auto form = extension_of(path); form == ".parquet" || form == ".arrow") other = path;
    }
  }
  if (failed) throw InputError("{}: cannot be read: {}.", folder, failed.message());
  if (files.empty() && !other.empty()) {
    throw InputError("{}: holds no {}, but {}, which must be converted to one first.", folder, expected, other);
  }
  if (files.empty()) throw InputError("{}: holds no {}.", folder, expected);
  std::sort(files.begin(), files.end());
  return files;
}

/// The split that a file's name begins with, as the Hugging Face hub names files: train.jsonl, test-00000-of-00002.json.
std::string split_of(const std::string& file) {
  const std::string name = fs::path(file).filename();
  const auto end = std::find_if(name.begin(), name.end(), [](unsigned char c) { return std::isalpha(c) == 0; });
  const std::string word(name.begin(), end);
  for (const char* split : {"train", "test", "validation", "valid", "val", "dev", "eval"}) {
    if (word == split) return split;
  }
  return "";
}

void require_one_split(const std::string& folder, const std::vector<std::string>& files) {
  std::map<std::string, std::string> splits;
  for (const auto& file : files) {
    if (const auto split = split_of(file); !split.empty()) splits.emplace(split, file);
  }
  if (splits.size() < 2) return;
  std::vector<std::string> names;
  names.reserve(splits.size());
  for (const auto& [split, file] : splits) names.push_back(split);
  throw InputError("{}: holds files of the splits {}; name the file to train on, as {}.", folder, fmt::join(names, ", "),
                   splits.count("train") > 0 ? splits["train"] : splits.begin()->second);
}

}  // namespace

bool is_row_file(const std::string& name) {
  const std::string form = extension_of(name);
  for (const char* known : {".json", ".jsonl", ".ndjson", ".csv", ".tsv"}) {
    if (form == known) return true;
  }
  return false;
}

std::vector<std::string> row_files(const std::vector<std::string>& files_and_folders) {
  std::vector<std::string> files;
  for (const auto& name : files_and_folders) {
    const std::vector<std::string> inside = is_folder(name) ? files_below(name) : std::vector<std::string>{name};
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

std::vector<std::string> training_files(const std::vector<std::string>& files_and_folders) {
  for (const auto& name : files_and_folders) {
    if (is_folder(name)) require_one_split(name, files_below(name));
  }
  return row_files(files_and_folders);
}

}  // namespace hyplora
