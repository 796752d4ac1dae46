#include "model/meta.h"

#include <ATen/ops/empty.h>

namespace hyplora {
namespace {

class ShapeSource : public WeightSource {
 public:
  bool contains(const std::string&) const override { return true; }
  at::Tensor load(const std::string&, at::IntArrayRef shape, const WeightOptions& options) override {
    return at::empty(shape, at::TensorOptions(options.dtype).device(at::kMeta)).requires_grad_(options.trainable);
  }
};

}  // namespace

Transformer shape_only(const ModelSpec& spec, bool trainable) {
  return Transformer(spec, Weights(std::make_shared<ShapeSource>(), {at::kFloat, at::kMeta, trainable}));
}

}  // namespace hyplora
