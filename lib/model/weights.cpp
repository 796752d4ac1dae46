#include "model/weights.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include "core/error.h"

namespace hyplora {
namespace {

std::string shape_text(at::IntArrayRef shape) { return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", ")); }

class CheckpointSource : public WeightSource {
 public:
  explicit CheckpointSource(CheckpointFiles files) : files_(std::move(files)) {}

  bool contains(const std::string& name) const override { return files_.contains(name); }

  at::Tensor load(const std::string& name, at::IntArrayRef shape, const WeightOptions& options) override {
    const Safetensors& file = files_.file_of(name);
    const auto& found = file.tensors().at(name).shape;
    if (at::IntArrayRef(found) != shape) {
      throw InputError("{}: tensor {}: found shape {}, expected {} (from config.json).", file.path().string(), name,
                       shape_text(found), shape_text(shape));
    }
    used_.insert(name);
    const at::Tensor view = file.tensor(name);
    if (!view.is_floating_point()) {
      throw InputError("{}: tensor {}: found type {}, expected a floating-point type.", file.path().string(), name,
                       file.tensors().at(name).dtype);
    }
    at::Tensor tensor = view.to(options.device, options.dtype, /*non_blocking=*/false, /*copy=*/options.trainable);
    if (!tensor.is_same(view)) file.release(name);
    return tensor.requires_grad_(options.trainable);
  }

  std::vector<std::string> unused() const override {
    std::vector<std::string> names;
    for (const auto& name : files_.names()) {
      if (used_.count(name) == 0) names.push_back(name);
    }
    return names;
  }

 private:
  CheckpointFiles files_;
  std::set<std::string> used_;
};

class RandomSource : public WeightSource {
 public:
  RandomSource(double deviation, uint64_t seed, double norm)
      : deviation_(deviation), norm_(norm), generator_(at::detail::createCPUGenerator(seed)) {}

  bool contains(const std::string&) const override { return true; }

  at::Tensor load(const std::string& name, at::IntArrayRef shape, const WeightOptions& options) override {
    at::Tensor tensor;
    if (shape.size() > 1) {
      tensor = at::empty(shape, at::kFloat).normal_(0, deviation_, generator_);
    } else {
      tensor = at::full(shape, name.ends_with(".bias") ? 0 : norm_, at::kFloat);
    }
    return tensor.to(options.device, options.dtype).requires_grad_(options.trainable);
  }

 private:
  double deviation_, norm_;
  at::Generator generator_;
};

}  // namespace

std::shared_ptr<WeightSource> checkpoint_weights(CheckpointFiles files) {
  return std::make_shared<CheckpointSource>(std::move(files));
}

std::shared_ptr<WeightSource> random_weights(double deviation, uint64_t seed, double norm) {
  return std::make_shared<RandomSource>(deviation, seed, norm);
}

Weights Weights::operator[](const std::string& name) const {
  Weights inner = *this;
  inner.path_ = full(name);
  return inner;
}

at::Tensor Weights::get(const std::string& name, at::IntArrayRef shape) const {
  return source_->load(full(name), shape, options_);
}

}  // namespace hyplora
