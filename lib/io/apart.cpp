#include "io/apart.h"

#include "core/error.h"

namespace hyplora {
namespace {

std::vector<fs::path> files_of(const std::vector<fs::path>& paths) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& path : paths) {
    if (!fs::is_directory(path, ignored)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(path, ignored)) files.push_back(entry.path());
  }
  return files;
}

/// Links resolved as far as there is something.
fs::path place_of(const fs::path& path) {
  std::error_code failed;
  const fs::path place = fs::weakly_canonical(fs::absolute(path), failed);
  return failed ? path.lexically_normal() : place;
}

}  // namespace

bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code failed;
  if (fs::equivalent(a, b, failed) && !failed) return true;
  const fs::path one = place_of(a), other = place_of(b);
  return (one.has_filename() ? one : one.parent_path()) == (other.has_filename() ? other : other.parent_path());
}

void require_no_pipes(const std::vector<fs::path>& read) {
  for (const auto& path : read) {
    if (fs::is_other(path))
      throw InputError("{}: is a pipe; with an output it must be a file, whose hash is kept.", path.string());
  }
}

void require_apart(const std::vector<fs::path>& written, const std::vector<fs::path>& read) {
  const std::vector<fs::path> inputs = files_of(read);
  for (size_t i = 0; i < written.size(); ++i) {
    if (written[i].empty()) continue;
    for (const auto& input : inputs) {
      if (input.empty() || (!is_same(written[i], input) && !is_same(aside_of(written[i]), input))) continue;
      throw InputError("{}: is to be written, but it is {}, which is read; choose another place for what is written.",
                       written[i].string(), input.string());
    }
    for (size_t j = 0; j < i; ++j) {
      if (!written[j].empty() && is_same(written[i], written[j]))
        throw InputError("{}: is to be written twice, also as {}; choose another name for one of them.", written[i].string(),
                         written[j].string());
    }
  }
}

}  // namespace hyplora
