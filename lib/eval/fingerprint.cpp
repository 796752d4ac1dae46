#include "eval/fingerprint.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <set>

#include "core/error.h"

namespace hyplora {
namespace {

constexpr size_t piece_bytes = size_t{16} << 20;

void add_pieces(const fs::path& path, std::vector<uint64_t>& hashes) {
  const auto file = MappedFile::open(path);
  const size_t first = hashes.size(), pieces = (file->size() + piece_bytes - 1) / piece_bytes;
  hashes.resize(first + pieces);
  at::parallel_for(0, static_cast<int64_t>(pieces), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      const size_t from = i * piece_bytes, to = std::min(file->size(), from + piece_bytes);
      Hash hash;
      hash.add(file->data() + from, to - from);
      hashes[first + i] = hash.value();
      file->release(from, to);
    }
  });
}

}  // namespace

std::string folder_hash(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder.", folder.string());
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name == "config.json" || name == "adapter_config.json" || name == "hyplora.json" || name.ends_with(".safetensors"))
      files.insert(entry.path());
  }
  std::vector<uint64_t> hashes;
  for (const auto& file : files) add_pieces(file, hashes);
  Hash all;
  all.add(hashes.data(), 8 * hashes.size());
  return all.text();
}

}  // namespace hyplora
