// LoRA and the variants of HypLoRA: which form computes them, what their k means, and how the published scripts spell them.
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "adapter/first_release.h"
#include "adapter/kinds.h"
#include "adapter/low_rank.h"
#include "core/error.h"
#include "hyperbolic/variants.h"

namespace hyplora {
namespace {

std::optional<double> value_of(const at::Tensor& scalar) {
  return scalar.defined() ? std::optional(scalar.item<double>()) : std::nullopt;
}

class LowRankAdapter : public LinearAdapter {
 public:
  LowRankAdapter(LowRank parts, ModuleDropout dropout) : parts_(std::move(parts)), dropout_(std::move(dropout)) {}
  at::Tensor forward(const at::Tensor& x, const Linear& base) const override {
    return low_rank_linear(x, base, parts_, dropout_.draw(x));
  }

 private:
  LowRank parts_;
  ModuleDropout dropout_;
};

class GatedAdapter : public HyperbolicAdapter {
 public:
  GatedAdapter(LowRank parts, ModuleDropout dropout) : parts_(std::move(parts)), dropout_(std::move(dropout)) {}
  at::Tensor forward(const at::Tensor& x, const Linear& base) const override {
    return low_rank_linear(x, base, parts_, dropout_.draw(x));
  }
  TokenGeometry geometry(const at::Tensor& x) const override { return low_rank_geometry(x, parts_); }
  GateShape shape() const override { return low_rank_shape(parts_); }
  at::Tensor inner() const override { return parts_.A.detach().to(at::kDouble); }
  at::Tensor outer() const override { return parts_.B.detach().to(at::kDouble); }
  std::optional<double> norm_scale() const override { return value_of(parts_.norm_scale); }

 private:
  LowRank parts_;
  ModuleDropout dropout_;
};

class FirstReleaseAdapter : public HyperbolicAdapter {
 public:
  FirstReleaseAdapter(FirstRelease parts, ModuleDropout dropout) : parts_(std::move(parts)), dropout_(std::move(dropout)) {}
  at::Tensor forward(const at::Tensor& x, const Linear& base) const override {
    return first_release_linear(x, base, parts_, dropout_.draw(x));
  }
  TokenGeometry geometry(const at::Tensor& x) const override { return first_release_geometry(x, parts_); }
  GateShape shape() const override { return first_release_shape(parts_); }
  at::Tensor inner() const override {
    return parts_.A.detach().narrow(1, 1, parts_.A.size(1) - 1).to(at::kDouble).contiguous();
  }
  at::Tensor outer() const override { return parts_.B.detach().to(at::kDouble); }
  std::optional<double> norm_scale() const override { return value_of(parts_.norm_scale); }

 private:
  FirstRelease parts_;
  ModuleDropout dropout_;
};

/// A: kaiming-uniform with a = sqrt 5, that is uniform within 1/sqrt(columns); B: zero.
Fitted fit_low_rank(const Site& site, const Variant* variant) {
  const std::shared_ptr<const Gates> gates = variant != nullptr ? variant->gates : nullptr;
  const int64_t rank = site.rank(), in = site.linear.in();
  const double root = std::sqrt(static_cast<double>(in));
  LowRank parts;
  parts.A = site.parameter(site.uniform({rank, in}, 1 / root));
  parts.B = site.parameter(at::zeros({site.linear.out(), rank}, at::kFloat));
  parts.scale = site.scale();
  parts.gates = gates;
  Fitted fitted{{{"lora_A.weight", parts.A, false}, {"lora_B.weight", parts.B, false}}, nullptr, {2 * rank, 0}};
  if (gates) {
    parts.k = site.parameter(at::scalar_tensor(variant->stored_k(site.options.curvature)));
    fitted.parameters.push_back({"lora_k", parts.k.requires_grad_(site.options.train_curvature), true});
    fitted.kept.wide += 2 * (rank + gate_record);  // in float64
  }
  if (gates && gates->has_norm_scale()) {
    parts.norm_scale = site.parameter(at::scalar_tensor(root));
    fitted.parameters.push_back({"lora_norm_scale", parts.norm_scale, false});
  }
  if (gates) {
    fitted.adapter = std::make_shared<GatedAdapter>(parts, site.dropout);
  } else {
    fitted.adapter = std::make_shared<LowRankAdapter>(parts, site.dropout);
  }
  return fitted;
}

/// `time`: how many time coordinates B takes. k and norm_scale learn both or neither.
Fitted fit_first_release(const Site& site, const Variant& variant, int64_t time) {
  const int64_t rank = site.rank(), columns = site.linear.in() + 1;
  const bool learns = site.options.train_curvature;
  FirstRelease parts;
  parts.A = site.parameter(site.uniform({rank, columns}, 1 / std::sqrt(static_cast<double>(columns))));
  parts.B = site.parameter(at::zeros({site.linear.out(), rank + time}, at::kFloat));
  parts.k = site.parameter(at::scalar_tensor(variant.stored_k(site.options.curvature))).requires_grad_(learns);
  parts.norm_scale = site.parameter(at::scalar_tensor(0.0)).requires_grad_(learns);
  parts.scale = site.scale();
  return {{{"lora_A.weight", parts.A, false},
           {"lora_B.weight", parts.B, false},
           {"lora_k", parts.k, true},
           {"lora_norm_scale", parts.norm_scale, false}},
          std::make_shared<FirstReleaseAdapter>(parts, site.dropout),
          {7 * rank + 12, 0}};
}

const Variant& variant_of(const AdapterOptions& options) { return find_variant(options.hyplora_variant); }

std::string known_spellings() {
  std::string known = "\"std\"";
  for (const auto& row : variants()) {
    if (row.published_as != nullptr) known += fmt::format(", \"{}-<k>\"", row.published_as);
  }
  return known;
}

}  // namespace

Fitted fit_lora(const Site& site) { return fit_low_rank(site, nullptr); }

Fitted fit_hyplora(const Site& site) {
  const Variant& variant = variant_of(site.options);
  if (variant.time_coordinates) return fit_first_release(site, variant, *variant.time_coordinates);
  return fit_low_rank(site, &variant);
}

std::vector<std::string> hyplora_variants() { return variant_names(); }

bool learns_curvature_by_default(const AdapterOptions& options) {
  return options.adapter != "hyplora" || variant_of(options).learns_curvature;
}

void check_curvature(const AdapterOptions& options) {
  const Variant& variant = variant_of(options);
  if (!variant.can_start(options.curvature)) {
    throw InputError("curvature: found {}, expected {} with hyplora_variant \"{}\".", options.curvature, variant.start,
                     variant.name);
  }
}

double curvature_of(const AdapterOptions& options, double k) { return variant_of(options).curvature_of(k); }

bool may_lack_scalars(const AdapterOptions& options) {
  return options.adapter == "hyplora" && variant_of(options).is_first_release();
}

const char* not_a_matrix(const AdapterOptions& options) {
  const bool is_lora = options.adapter == "hyplora" && variant_of(options).radius == nullptr;
  return is_lora ? nullptr : find_kind(options.adapter).not_a_matrix;
}

std::optional<std::string> lora_type_of(const AdapterOptions& options) {
  if (options.adapter == "lora" || options.adapter == "dora") return "std";
  if (options.adapter != "hyplora" || variant_of(options).published_as == nullptr) return std::nullopt;
  // Python's float() reads the number behind the dash, and the scripts split at dashes: no exponent.
  std::string number = fmt::format("{:.17f}", options.curvature);
  const std::string shortest = fmt::format("{}", options.curvature);
  if (shortest.find('e') == std::string::npos) number = shortest.find('.') == std::string::npos ? shortest + ".0" : shortest;
  return fmt::format("{}-{}", variant_of(options).published_as, number);
}

void apply_lora_type(const std::string& lora_type, AdapterOptions& options, const std::string& where) {
  if (lora_type == "std") {
    options.adapter = "lora";
    return;
  }
  const size_t dash = lora_type.find('-');
  const std::string name = lora_type.substr(0, dash), number = dash == std::string::npos ? "1" : lora_type.substr(dash + 1);
  const auto row = std::find_if(variants().begin(), variants().end(),
                                [&](const Variant& v) { return v.published_as != nullptr && name == v.published_as; });
  char* end = nullptr;
  const double curvature = std::strtod(number.c_str(), &end);
  if (row == variants().end() || number.empty() || *end != '\0' || !std::isfinite(curvature)) {
    throw InputError("{}: lora_type: found \"{}\", expected one of {}; k is a number such as 1.0, which is also its default.",
                     where, lora_type, known_spellings());
  }
  options.adapter = "hyplora";
  options.hyplora_variant = row->name;
  options.curvature = curvature;
}

}  // namespace hyplora
