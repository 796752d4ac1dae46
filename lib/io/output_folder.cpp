#include "io/output_folder.h"

#include "core/error.h"

namespace hyplora {
namespace {

/// Without a slash at its end; links resolved, unless the path leads through what cannot be read.
fs::path plain(const fs::path& path) {
  std::error_code unreadable;
  const fs::path absolute = fs::absolute(path), resolved = fs::weakly_canonical(absolute, unreadable),
                 whole = unreadable ? absolute : resolved;
  return whole.has_filename() ? whole : whole.parent_path();
}

bool is_or_holds(const fs::path& folder, const fs::path& other) {
  const auto place = std::mismatch(folder.begin(), folder.end(), other.begin(), other.end());
  return place.first == folder.end();
}

}  // namespace

WritableFolder::WritableFolder(const fs::path& folder) {
  std::error_code unreadable;
  for (fs::path path = plain(folder); !fs::exists(path, unreadable); path = path.parent_path()) made_.push_back(path);
  require_writable_folder(folder);
}

WritableFolder::~WritableFolder() {
  std::error_code ignored;  // what holds something stays
  for (const auto& path : made_) fs::remove(path, ignored);
}

OutputFolder::OutputFolder(const fs::path& target, bool force, const std::vector<fs::path>& sources)
    : target_(plain(target)), aside_(target_.string() + ".hyplora-partial") {
  const fs::path old = target_.string() + ".hyplora-old";  // of a replacement that was cut off between its two steps
  if (!fs::exists(target_) && fs::is_directory(old)) fs::rename(old, target_);
  if (fs::exists(target_) && !fs::is_directory(target_))
    throw InputError("{}: is a file, expected a folder to write to.", target.string());
  for (const auto& source : sources) {
    if (!source.empty() && fs::exists(source) && is_or_holds(target_, plain(source)))
      throw InputError("{}: writing there would replace {}, which is read; choose another folder.", target.string(),
                       source.string());
  }
  if (!force && fs::exists(target_) && !fs::is_empty(target_))
    throw InputError("{}: the folder is not empty; choose another one, or give --force to replace all that is in it.",
                     target.string());
  fs::remove_all(aside_);
  folder_.emplace(aside_);
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  fs::remove_all(aside_, ignored);
}

void OutputFolder::put_into_place() {
  try {
    replace_folder(aside_, target_);
  } catch (const fs::filesystem_error& error) {
    throw RunError("{}: cannot be written: {}.", target_.string(), error.code().message());
  }
  sync_folder(target_.parent_path());
}

}  // namespace hyplora
