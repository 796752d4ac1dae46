// Prefix tuning: virtual tokens before every row, with and without the cache of keys and values.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include "adapter/adapter.h"
#include "support/support.h"

namespace hyplora {
namespace {

/// Its second layer sees a window of 6 tokens.
Transformer prefixed() {
  ModelSpec spec = test::small_spec();
  spec.windows = {0, 6};
  Transformer model(spec, Weights(random_weights(0.2, 1), {at::kDouble, at::kCPU, false}));
  AdapterOptions options;
  options.adapter = "prefix";
  options.num_virtual_tokens = 3;
  Adapters::attach(model, options, 7);
  return model;
}

TEST_CASE("A prefix is seen by each packed row as if the row were alone", "[adapter]") {
  const at::NoGradGuard no_grad;
  const Transformer model = prefixed();
  const at::Tensor a = at::arange(5), b = at::arange(10, 17);
  const at::Tensor together = model.blocks({at::cat({a, b}), {5, 7}, {}});
  CHECK(test::largest_difference(together, at::cat({model.blocks({a, {5}, {}}), model.blocks({b, {7}, {}})})) < 1e-12);
}

TEST_CASE("Under a prefix the cache gives what one pass gives", "[adapter]") {
  const at::NoGradGuard no_grad;
  const Transformer model = prefixed();
  const at::Tensor ids = at::arange(9), whole = model.blocks({ids, {9}, {}});
  KvRow past(model.spec().layers);
  std::vector<at::Tensor> parts;
  for (const auto& part : ids.split_with_sizes({4, 3, 1, 1})) {
    parts.push_back(model.blocks({part, {part.size(0)}, {&past}}));
  }
  CHECK(past.length() == 9);
  CHECK(test::largest_difference(at::cat(parts), whole) < 1e-12);
}

TEST_CASE("Beams under a prefix see what their own rows would see", "[adapter]") {
  const at::NoGradGuard no_grad;
  const Transformer model = prefixed();
  KvRow past(model.spec().layers);
  model.blocks({at::arange(5), {5}, {&past}});
  const TreeRow tree{5, {5, {{5}, {6}}}};  // two that follow the prompt, each of which sees itself and not the other
  const at::Tensor both = model.blocks({at::tensor({20, 30}, at::kLong), {2}, {&past}, {tree}});
  for (const int64_t i : {0, 1}) {
    const at::Tensor row = at::cat({at::arange(5), at::tensor({20 + 10 * i}, at::kLong)});
    CHECK(test::largest_difference(both[i], model.blocks({row, {6}, {}})[5]) < 1e-12);
  }
}

TEST_CASE("Taking adapters off takes the prefix off", "[adapter]") {
  const at::NoGradGuard no_grad;
  Transformer model = test::small_model(1);
  const TokenBatch batch{at::arange(5), {5}, {}};
  const at::Tensor before = model.blocks(batch);
  AdapterOptions options;
  options.adapter = "prefix";
  Adapters::attach(model, options, 7);
  CHECK(test::largest_difference(model.blocks(batch), before) > 0);
  detach_adapters(model);
  CHECK(test::largest_difference(model.blocks(batch), before) == 0);
}

}  // namespace
}  // namespace hyplora
