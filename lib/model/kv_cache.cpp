#include "model/kv_cache.h"

#include <ATen/ops/empty.h>

namespace hyplora {
namespace {

void store(at::Tensor& kept, const at::Tensor& fresh, int64_t length) {
  const int64_t needed = length + fresh.size(0);
  if (!kept.defined() || kept.size(0) < needed) {
    at::Tensor room = at::empty({std::max<int64_t>(64, 2 * needed), fresh.size(1)}, fresh.options());
    if (length > 0) room.narrow(0, 0, length).copy_(kept.narrow(0, 0, length));
    kept = room;
  }
  kept.narrow(0, length, fresh.size(0)).copy_(fresh);
}

}  // namespace

void KvRow::lead(int64_t layer, const at::Tensor& keys, const at::Tensor& values) {
  Layer& kept = layers_[static_cast<size_t>(layer)];
  store(kept.keys, keys, 0);
  store(kept.values, values, 0);
  lead_ = keys.size(0);
}

std::pair<at::Tensor, at::Tensor> KvRow::append(int64_t layer, const at::Tensor& keys, const at::Tensor& values) {
  Layer& kept = layers_[static_cast<size_t>(layer)];
  const int64_t before = lead_ + length_, all = before + keys.size(0);
  store(kept.keys, keys, before);
  store(kept.values, values, before);
  return {kept.keys.narrow(0, 0, all), kept.values.narrow(0, 0, all)};
}

}  // namespace hyplora
