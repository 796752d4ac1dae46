#include "model/kv_cache.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

namespace hyplora {
namespace {

/// A decoding step stores two rows per layer and prompt: as bytes where it can, since a tensor's copy costs more than its bytes.
void store(at::Tensor& kept, const at::Tensor& fresh, int64_t first, int64_t count, int64_t length) {
  const int64_t needed = length + count, width = fresh.size(1);
  if (!kept.defined() || kept.size(0) < needed) {
    at::Tensor room = at::empty({std::max<int64_t>(64, 2 * needed), width}, fresh.options());
    if (length > 0) room.narrow(0, 0, length).copy_(kept.narrow(0, 0, length));
    kept = room;
  }
  if (fresh.device().is_cpu() && fresh.is_contiguous()) {
    const size_t row = static_cast<size_t>(width) * fresh.element_size();
    std::memcpy(static_cast<char*>(kept.data_ptr()) + static_cast<size_t>(length) * row,
                static_cast<const char*>(fresh.const_data_ptr()) + static_cast<size_t>(first) * row,
                static_cast<size_t>(count) * row);
  } else {
    kept.narrow(0, length, count).copy_(fresh.narrow(0, first, count));
  }
}

}  // namespace

void KvRow::lead(int64_t layer, const at::Tensor& keys, const at::Tensor& values) {
  Layer& kept = layers_[static_cast<size_t>(layer)];
  store(kept.keys, keys, 0, keys.size(0), 0);
  store(kept.values, values, 0, keys.size(0), 0);
  lead_ = keys.size(0);
}

std::pair<at::Tensor, at::Tensor> KvRow::append(int64_t layer, const at::Tensor& keys, const at::Tensor& values, int64_t first,
                                                int64_t count) {
  Layer& kept = layers_[static_cast<size_t>(layer)];
  const int64_t before = lead_ + length_, all = before + count;
  store(kept.keys, keys, first, count, before);
  store(kept.values, values, first, count, before);
  return {kept.keys.narrow(0, 0, all), kept.values.narrow(0, 0, all)};
}

}  // namespace hyplora
