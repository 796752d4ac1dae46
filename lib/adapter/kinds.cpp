#include "adapter/kinds.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>

#include "adapter/patterns.h"
#include "core/error.h"

namespace hyplora {

const Kind& find_kind(const std::string& name) {
  const auto row = std::find_if(std::begin(kind_rows), std::end(kind_rows), [&](const Kind* k) { return name == k->name; });
  if (row == std::end(kind_rows)) {
    throw InputError("adapter: found \"{}\", expected one of {}.", name, fmt::join(adapter_kinds(), ", "));
  }
  return **row;
}

const Kind& kind_of(const AdapterOptions& options) { return find_kind(options.adapter); }

const Kind& form_of(const AdapterOptions& options) {
  const Kind& kind = kind_of(options);
  return kind.form != nullptr ? kind.form(options) : kind;
}

std::vector<std::string> adapter_kinds() {
  std::vector<std::string> names;
  for (const Kind* row : kind_rows) names.emplace_back(row->name);
  return names;
}

std::string peft_type_of(const AdapterOptions& options) { return kind_of(options).peft_type; }
std::string weights_file(const AdapterOptions& options) { return kind_of(options).weights_file; }
bool learns_all_weights(const AdapterOptions& options) { return kind_of(options).learns_all_weights; }
bool has_curvature(const AdapterOptions& options) { return kind_of(options).is_hyperbolic; }
bool is_hyperbolic(const AdapterOptions& options) { return form_of(options).is_hyperbolic; }
const char* not_a_matrix(const AdapterOptions& options) { return form_of(options).not_a_matrix; }

int64_t lead_tokens(const AdapterOptions& options) {
  const Kind& kind = kind_of(options);
  return kind.lead_tokens != nullptr ? kind.lead_tokens(options) : 0;
}

int64_t rank_of(const AdapterOptions& options, const std::string& path) {
  const int64_t rank = pattern_value(options.rank_pattern, path, options.lora_r);
  if (rank < 1) throw InputError("rank_pattern: found rank {} for {}, expected at least 1.", rank, path);
  return rank;
}

double scale_of(const AdapterOptions& options, const std::string& path) {
  const auto r = static_cast<double>(rank_of(options, path));
  return pattern_value(options.alpha_pattern, path, options.lora_alpha) / (options.use_rslora ? std::sqrt(r) : r);
}

at::TensorOptions Site::fresh() const {
  return at::TensorOptions(at::kFloat).device(linear.weight.is_meta() ? at::kMeta : at::kCPU);
}

at::Tensor Site::kaiming_uniform(int64_t rows, int64_t columns) const {
  const double bound = 1 / std::sqrt(static_cast<double>(columns));
  const at::Tensor values = at::empty({rows, columns}, fresh());
  return values.is_meta() ? values : values.uniform_(-bound, bound, generator);
}

at::Tensor Site::parameter(const at::Tensor& value) const {
  return value.to(linear.weight.device(), linear.weight.scalar_type() == at::kDouble ? at::kDouble : at::kFloat)
      .requires_grad_();
}

}  // namespace hyplora
