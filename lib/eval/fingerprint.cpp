#include "eval/fingerprint.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "core/error.h"

namespace hyplora {

std::map<std::string, std::string> file_hashes(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder.", folder.string());
  std::map<std::string, std::string> hashes;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name == "config.json" || name == "adapter_config.json" || name == "hyplora.json" || name.ends_with(".safetensors"))
      hashes[name];
  }
  std::vector<std::pair<const std::string, std::string>*> files;
  files.reserve(hashes.size());
  for (auto& file : hashes) files.push_back(&file);
  at::parallel_for(0, static_cast<int64_t>(files.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      auto& [name, hash] = *files[static_cast<size_t>(i)];
      hash = file_hash(folder / name);
    }
  });
  return hashes;
}

std::string folder_hash(const std::map<std::string, std::string>& files) {
  Hash hash;
  for (const auto& [name, of_file] : files) hash.add(checksum_line(of_file, name));
  return hash.text();
}

}  // namespace hyplora
