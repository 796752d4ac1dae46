#include "io/mapped_files.h"

#include <array>
#include <atomic>
#include <cstring>

namespace hyplora {
namespace {

/// Paths are never freed, so that a handler may read one at any time; there are as many as files that were ever mapped.
struct Entry {
  std::atomic<const char*> begin{nullptr};
  std::atomic<size_t> size{0};
  std::atomic<const char*> path{nullptr};
};

std::array<Entry, 4096> entries;  // files beyond these have no name in the sentence

}  // namespace

void note_map(const void* begin, size_t size, const std::string& path) {
  for (Entry& entry : entries) {
    const char* free = nullptr;
    if (!entry.begin.compare_exchange_strong(free, static_cast<const char*>(begin))) continue;
    const char* old = entry.path.load();
    if (old == nullptr || path != old) entry.path = ::strdup(path.c_str());
    entry.size = size;
    return;
  }
}

void forget_map(const void* begin) {
  for (Entry& entry : entries) {
    if (entry.begin.load() != begin) continue;
    entry.size = 0;
    entry.begin = nullptr;
    return;
  }
}

const char* mapped_path_at(const void* address) {
  const auto* place = static_cast<const char*>(address);
  for (const Entry& entry : entries) {
    const char* begin = entry.begin.load();
    if (begin != nullptr && place >= begin && place < begin + entry.size.load()) return entry.path.load();
  }
  return nullptr;
}

}  // namespace hyplora
