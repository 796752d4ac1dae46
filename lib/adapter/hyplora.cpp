// HypLoRA: A and B between maps of hyperbolic space (docs/maths.md). A variant's facts stand in hyperbolic/variants.h; here, which
// form computes it: gates on LoRA's fused product (low_rank.h), the first release's time coordinates (first_release.h), or LoRA.
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "adapter/first_release.h"
#include "adapter/lora.h"
#include "adapter/norm_scale.h"
#include "core/error.h"
#include "hyperbolic/variants.h"

namespace hyplora {
namespace {

std::optional<double> value_of(const at::Tensor& scalar) {
  return scalar.defined() ? std::optional(scalar.item<double>()) : std::nullopt;
}

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

const Variant& variant_of(const AdapterOptions& options) { return find_variant(options.hyplora_variant); }

at::Tensor fresh_k(const Site& site) {
  return site.parameter(at::scalar_tensor(variant_of(site.options).stored_k(site.options.curvature)))
      .requires_grad_(site.options.train_curvature);
}

Fitted fit_gated(const Site& site, const std::shared_ptr<const Gates>& gates) {
  LowRank parts = fresh_low_rank(site);
  parts.gates = gates;
  parts.k = fresh_k(site);
  auto parameters = low_rank_parameters(parts);
  parameters.push_back({"lora_k", parts.k, true});
  if (gates->has_norm_scale()) {
    parts.norm_scale = site.parameter(at::scalar_tensor(std::sqrt(static_cast<double>(site.linear.in()))));
    parameters.push_back({"lora_norm_scale", parts.norm_scale, false});
  }
  const int64_t rank = site.rank(), in_float64 = 2 * (rank + gate_record);
  return {parameters, std::make_shared<GatedAdapter>(parts, site.dropout), {2 * rank + in_float64, 0}};
}

/// `time`: how many time coordinates B takes. k and norm_scale learn both or neither.
Fitted fit_first_release(const Site& site, int64_t time) {
  const int64_t rank = site.rank();
  FirstRelease parts;
  parts.A = site.parameter(site.kaiming_uniform(rank, site.linear.in() + 1));
  parts.B = site.parameter(at::zeros({site.linear.out(), rank + time}, site.fresh()));
  parts.k = fresh_k(site);
  parts.norm_scale = site.parameter(at::scalar_tensor(0.0)).requires_grad_(site.options.train_curvature);
  parts.scale = site.scale();
  return {{{"lora_A.weight", parts.A, false},
           {"lora_B.weight", parts.B, false},
           {"lora_k", parts.k, true},
           {"lora_norm_scale", parts.norm_scale, false}},
          std::make_shared<FirstReleaseAdapter>(parts, site.dropout),
          {7 * rank + 5 * time + 8, 0}};
}

Fitted fit(const Site& site) {
  const Variant& variant = variant_of(site.options);
  return variant.gates ? fit_gated(site, variant.gates) : fit_first_release(site, variant.time_coordinates.value());
}

/// Where maps cancel, what is left is LoRA.
const Kind& form(const AdapterOptions& options) { return variant_of(options).radius == nullptr ? lora_kind : hyplora_kind; }

std::string variants_text() {
  std::vector<std::string> phrases;
  for (const auto& row : variants()) phrases.push_back(fmt::format("{}: {}", row.name, row.text));
  return fmt::format("{}", fmt::join(phrases, "; "));
}

void add_fields(Fields& fields, AdapterOptions& o) {
  fields.add("hyplora_variant", o.hyplora_variant, variants_text(), one_of(hyplora_variants()))
      .add(
          "curvature", o.curvature,
          "initial curvature parameter: K of lorentz and bounded, the others' own k; auto: K of each module such that the median of its "
          "first tokens lies one radius out (where it is not given, bounded starts at auto and the others at 1)",
          or_auto(between(-1e12, 1e12)))
      .add("train_curvature", o.train_curvature,
           "whether the curvature learns (where it is not given, v1 and v1_rot hold theirs, as the first release did)");
}

std::string text(const AdapterOptions& o) { return fmt::format("variant {}, {}", o.hyplora_variant, low_rank_text(o)); }

void check_curvature(const AdapterOptions& options) {
  const Variant& variant = variant_of(options);
  if (options.curvature.is_auto && !variant.has_units) {
    throw InputError(
        "curvature: found \"auto\", expected {} with hyplora_variant \"{}\", whose radius is not one of its input.",
        variant.start, variant.name);
  }
  if (!variant.can_start(options.curvature)) {
    throw InputError("curvature: found {}, expected {} with hyplora_variant \"{}\".", options.curvature.number, variant.start,
                     variant.name);
  }
}

void refuse_without_own_config(const PeftKeys& keys, AdapterOptions&) {
  throw InputError("{}: its peft_type is HYPLORA, but hyplora.json is missing beside it.", keys.path());
}

/// Python's float() reads the number behind the dash, and the scripts split at dashes: no exponent.
std::string number_text(double curvature) {
  const std::string shortest = fmt::format("{}", curvature);
  if (shortest.find('e') != std::string::npos) return fmt::format("{:.17f}", curvature);
  return shortest.find('.') == std::string::npos ? shortest + ".0" : shortest;
}

Released released(const AdapterOptions& o) {
  const Variant& variant = variant_of(o);
  if (variant.published_as == nullptr) {
    return {std::nullopt,
            fmt::format("the releases have no formula for variant {}, and would compute another one", variant.name)};
  }
  if (o.curvature < 0) {
    return {std::nullopt, fmt::format("its curvature is {}, which lora_type cannot say: the release splits it at dashes",
                                      o.curvature.number)};
  }
  const bool patterned = !o.rank_pattern.empty() || !o.alpha_pattern.empty() || o.layers_to_transform || o.exclude_modules;
  if (variant.is_first_release() && (o.use_rslora || patterned)) {
    return {std::nullopt,
            "the first release knows no use_rslora, rank_pattern, alpha_pattern, layers_to_transform or exclude_modules and "
            "would load this adapter as another one"};
  }
  return {fmt::format("{}-{}", variant.published_as, number_text(o.curvature)), ""};
}

}  // namespace

std::vector<std::string> hyplora_variants() { return variant_names(); }

NumberOrAuto default_curvature(const AdapterOptions& options) {
  return {1, has_curvature(options) && variant_of(options).starts_at_auto};
}

bool learns_curvature_by_default(const AdapterOptions& options) {
  return !has_curvature(options) || variant_of(options).learns_curvature;
}

double curvature_of(const AdapterOptions& options, double k) { return variant_of(options).curvature_of(k); }

double stored_k(const AdapterOptions& options, double curvature) { return variant_of(options).stored_k(curvature); }

bool is_curvature(const AdapterOptions& options, double k) {
  const double K = curvature_of(options, k);
  return std::isfinite(K) && variant_of(options).can_start(K);
}

bool is_norm_scale(const AdapterOptions& options, const std::string& parameter) {
  if (!has_curvature(options)) return false;
  const auto& gates = variant_of(options).gates;
  return gates && gates->has_norm_scale() && parameter.ends_with(".lora_norm_scale");
}

bool may_lack_scalars(const AdapterOptions& options) {
  return has_curvature(options) && variant_of(options).is_first_release();
}

constinit const Kind hyplora_kind = {
    .name = "hyplora",
    .title = "HypLoRA",
    .peft_type = "HYPLORA",
    .peft_switch = {"use_dora", false},
    .is_hyperbolic = true,
    .not_a_matrix = "a hyperbolic adapter is not linear in its input",
    .not_in_peft = "PEFT would compute plain LoRA with its tensors; `hyplora-adapter linearize` makes an approximate LoRA",
    .add_fields = add_fields,
    .text = text,
    .check = check_curvature,
    .to_peft = lora_keys,
    .from_peft = refuse_without_own_config,
    .shared_with_peft = read_lora_keys,
    .released = released,
    .form = form,
    .fit = fit};

}  // namespace hyplora
