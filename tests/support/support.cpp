#include <sys/wait.h>
#include <unistd.h>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstdlib>
#include <limits>

#include "io/files.h"
// Behind all that includes c10's headers: these define a CHECK, too, which ends the process and counts for nothing.
#include "support/support.h"

namespace hyplora::test {

fs::path in_source(const std::string& relative) { return fs::path(HYPLORA_SOURCE) / relative; }

fs::path golden() { return in_source("tests/golden"); }

std::optional<fs::path> shared(const std::string& relative) {
  const fs::path path = in_source("../shared").lexically_normal() / relative;
  if (fs::exists(path)) return path;
  WARN("skipped: " << relative << " is not there");
  return std::nullopt;
}

fs::path programs() { return HYPLORA_PROGRAMS; }

std::string faults_library() { return HYPLORA_FAULTS; }

TempFolder::TempFolder() {
  std::string pattern = (fs::temp_directory_path() / "hyplora-test-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.numel() == 0 && b.numel() == 0) return 0;
  if (a.numel() != b.numel()) return std::numeric_limits<double>::infinity();
  const at::Tensor x = a.detach().to(at::kDouble).reshape(-1), y = b.detach().to(at::kDouble).reshape(-1);
  const double difference = (x - y).abs().max().item<double>();
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

void check_same(const TensorFunction& ours, const TensorFunction& plain, std::vector<at::Tensor> inputs, double tolerance) {
  for (auto& input : inputs) input.requires_grad_();
  const at::Tensor a = ours(inputs), b = plain(inputs), g = at::randn(b.sizes(), b.options());
  CHECK(largest_difference(a, b) < tolerance);
  const auto da = torch::autograd::grad({a}, inputs, {g}), db = torch::autograd::grad({b}, inputs, {g});
  for (size_t i = 0; i < inputs.size(); ++i) {
    INFO("gradient of input " << i);
    CHECK(largest_difference(da[i], db[i]) < tolerance);
  }
}

Ran run(const std::string& program, const std::vector<std::string>& arguments, const std::string& input) {
  const TempFolder folder;
  write_file(folder / "in", input);
  std::string command = "'" + (programs() / program).string() + "'";
  for (const auto& argument : arguments) command += " '" + argument + "'";
  command += " <'" + (folder / "in").string() + "' >'" + (folder / "out").string() + "' 2>'" + (folder / "err").string() + "'";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(folder / "out"),
          read_file(folder / "err")};
}

ModelSpec small_spec() {
  ModelSpec spec;
  spec.model_type = "llama";
  spec.vocab_size = 64;
  spec.hidden_size = 32;
  spec.intermediate_size = 48;
  spec.layers = 2;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 8;
  spec.max_positions = 128;
  spec.attention_scale = 1 / std::sqrt(8.0);
  spec.windows = {0, 0};
  return spec;
}

Transformer small_model(uint64_t seed, at::ScalarType dtype, at::Device device) {
  return Transformer(small_spec(), Weights(random_weights(0.2, seed), {dtype, device, false}));
}

double log_likelihood(const Transformer& model, const std::vector<int64_t>& ids, size_t from) {
  const at::NoGradGuard no_grad;
  const TokenBatch batch{at::tensor(ids, at::kLong), {static_cast<int64_t>(ids.size())}, {}};
  const at::Tensor scores = at::log_softmax(model.logits(model.final_norm(model.blocks(batch))), 1);
  double sum = 0;
  for (size_t i = from; i < ids.size(); ++i) sum += scores[static_cast<int64_t>(i) - 1][ids[i]].item<double>();
  return sum;
}

}  // namespace hyplora::test
