// A place in a checkpoint. Modules are built from it: `w["layers"]["0"].get("weight", {d})` is the tensor of Hugging Face's
// name <prefix>.layers.0.weight in the wanted type on the wanted device. A tensor that needs no conversion stays a view of the
// file.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "io/checkpoint.h"

namespace hyplora {

struct WeightOptions {
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
  bool trainable = false;  // a copy of its own that asks for gradients, instead of a view of the file
};

/// Where tensors come from: a checkpoint, or random numbers for training from scratch. Remembers what was asked for.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  virtual bool contains(const std::string& name) const = 0;
  virtual at::Tensor load(const std::string& name, at::IntArrayRef shape, const WeightOptions& options) = 0;
  /// Names in the source that no module asked for.
  virtual std::vector<std::string> unused() const { return {}; }
};

/// Reads from a checkpoint. InputError: a missing tensor, or one of another shape.
std::shared_ptr<WeightSource> checkpoint_weights(CheckpointFiles files);
/// Hugging Face's initialisation: norms `norm` (1, or 0 where they scale by 1 + w), biases 0, everything else normal(0,
/// deviation) from the seed.
std::shared_ptr<WeightSource> random_weights(double deviation, uint64_t seed, double norm = 1);

class Weights {
 public:
  Weights(std::shared_ptr<WeightSource> source, WeightOptions options) : source_(std::move(source)), options_(options) {}

  Weights operator[](const std::string& name) const;
  at::Tensor get(const std::string& name, at::IntArrayRef shape) const;
  bool has(const std::string& name) const { return source_->contains(full(name)); }
  const std::string& path() const { return path_; }
  const WeightOptions& options() const { return options_; }

 private:
  std::string full(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }

  std::shared_ptr<WeightSource> source_;
  WeightOptions options_;
  std::string path_;
};

}  // namespace hyplora
