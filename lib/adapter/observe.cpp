#include "adapter/observe.h"

#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "model/finite.h"

namespace hyplora {
namespace {

constexpr size_t tokens_at_a_time = 4096;  // bounds the memory of a forward pass

/// Shows an adapter's input on its way.
class Listener : public LinearAdapter {
 public:
  Listener(std::shared_ptr<LinearAdapter> inner, size_t number, const OnInput& see)
      : inner_(std::move(inner)), number_(number), see_(see) {}
  at::Tensor forward(const at::Tensor& x, const Linear& base) const override {
    see_(number_, x);
    return inner_->forward(x, base);
  }

 private:
  std::shared_ptr<LinearAdapter> inner_;
  size_t number_;
  const OnInput& see_;
};

/// Puts listeners on a model's hyperbolic adapters, and takes them off again.
class Listening {
 public:
  Listening(Transformer& model, const OnInput& see) {
    for (Linear* linear : model.linears()) {
      if (std::dynamic_pointer_cast<HyperbolicAdapter>(linear->adapter) == nullptr) continue;
      replaced_.emplace_back(linear, linear->adapter);
      linear->adapter = std::make_shared<Listener>(linear->adapter, replaced_.size() - 1, see);
    }
  }
  ~Listening() {
    for (auto& [linear, adapter] : replaced_) linear->adapter = adapter;
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  std::vector<std::pair<Linear*, std::shared_ptr<LinearAdapter>>> replaced_;
};

}  // namespace

std::vector<Observed> hyperbolic_adapters(Transformer& model) {
  std::vector<Observed> found;
  for (const Linear* linear : model.linears()) {
    auto adapter = std::dynamic_pointer_cast<const HyperbolicAdapter>(linear->adapter);
    if (adapter) found.push_back({linear->path, std::move(adapter)});
  }
  return found;
}

void observe(Transformer& model, const std::vector<Example>& rows, const OnInput& see) {
  const at::NoGradGuard no_grad;
  const Listening listening(model, see);
  std::vector<const Example*> batch;
  size_t tokens = 0;
  const auto run = [&] {
    if (!batch.empty() && !model.blocks(pack(batch, model.device()).tokens).isfinite().all().item<bool>()) {
      throw RunError("{} or a row after it: the model's values are not finite; {}.", batch.front()->where,
                     first_not_finite(model, batch.front()->ids));
    }
    batch.clear();
    tokens = 0;
  };
  for (const auto& row : rows) {
    if (tokens + row.ids.size() > tokens_at_a_time) run();
    batch.push_back(&row);
    tokens += row.ids.size();
  }
  run();
}

}  // namespace hyplora
