#include "adapter/lora.h"

#include <ATen/ops/zeros.h>

#include "adapter/foldable.h"
#include "adapter/lora_keys.h"

namespace hyplora {
namespace {

class LoraAdapter : public FoldableAdapter {
 public:
  LoraAdapter(LowRank parts, ModuleDropout dropout) : parts_(std::move(parts)), dropout_(std::move(dropout)) {}
  at::Tensor forward(const at::Tensor& x, const Linear& base) const override {
    return low_rank_linear(x, base, parts_, dropout_.draw(x));
  }
  at::Tensor merged(const at::Tensor& weight) const override { return low_rank_sum(weight, parts_.A, parts_.B, parts_.scale); }

 private:
  LowRank parts_;
  ModuleDropout dropout_;
};

void add_fields(Fields& fields, AdapterOptions& o) {
  fields.add("lora_r", o.lora_r, "rank", between(1, 1 << 20))
      .add("lora_alpha", o.lora_alpha, "scaling is alpha/r", above_to(0, 1e6))
      .add("use_rslora", o.use_rslora, "scaling is alpha/sqrt(r)")
      .add("rank_pattern", o.rank_pattern, "rank by module: regular expression for a path's end -> rank", between(1, 1 << 20))
      .add("alpha_pattern", o.alpha_pattern, "alpha by module", above_to(0, 1e6));
}

/// PEFT's LoRA, or what a release's lora_type makes of its tensors.
void from_peft(const PeftKeys& keys, AdapterOptions& options) {
  set_peft_defaults(options);
  read_lora_keys(keys, options);
  apply_lora_type(keys.get<std::string>("lora_type", plain_lora_type), options, keys.path());
  options.train_curvature = learns_curvature_by_default(options);
}

Json whole_if_it_is(double value) {
  return value == static_cast<double>(static_cast<int64_t>(value)) ? Json(static_cast<int64_t>(value)) : Json(value);
}

}  // namespace

LowRank fresh_low_rank(const Site& site) {
  LowRank parts;
  parts.A = site.parameter(site.kaiming_uniform(site.rank(), site.linear.in()));
  parts.B = site.parameter(at::zeros({site.linear.out(), site.rank()}, site.fresh()));
  parts.scale = site.scale();
  return parts;
}

std::vector<Parameter> low_rank_parameters(const LowRank& parts) {
  return {{"lora_A.weight", parts.A, false}, {"lora_B.weight", parts.B, false}};
}

Fitted fit_lora(const Site& site) {
  const LowRank parts = fresh_low_rank(site);
  return {low_rank_parameters(parts), std::make_shared<LoraAdapter>(parts, site.dropout), {2 * site.rank(), 0}};
}

std::string low_rank_text(const AdapterOptions& o) {
  return fmt::format("rank {}, alpha {}, dropout {}", o.lora_r, o.lora_alpha, o.lora_dropout);
}

Json lora_keys(const AdapterOptions& o, const ModelSpec&) {
  Json config{{"r", o.lora_r},
              {"lora_alpha", whole_if_it_is(o.lora_alpha)},
              {"lora_dropout", o.lora_dropout},
              {"use_rslora", o.use_rslora},
              {"bias", "none"},
              {"fan_in_fan_out", false},
              {"init_lora_weights", true},
              {"modules_to_save", nullptr},
              {"layers_pattern", nullptr},
              {"rank_pattern", o.rank_pattern},
              {"alpha_pattern", Json::object()}};
  for (const auto& [pattern, value] : o.alpha_pattern) config["alpha_pattern"][pattern] = whole_if_it_is(value);
  return config;
}

void set_peft_defaults(AdapterOptions& options) {
  options.lora_r = 8;
  options.lora_alpha = 8;
  options.lora_dropout = 0;
}

void read_lora_keys(const PeftKeys& keys, AdapterOptions& options) {
  require_plain_lora(keys);
  options.lora_r = keys.get("r", options.lora_r);
  options.lora_alpha = keys.get("lora_alpha", options.lora_alpha);
  options.lora_dropout = keys.get("lora_dropout", options.lora_dropout);
  options.use_rslora = keys.get("use_rslora", options.use_rslora);
  options.rank_pattern = keys.get("rank_pattern", options.rank_pattern);
  options.alpha_pattern = keys.get("alpha_pattern", options.alpha_pattern);
}

constinit const Kind lora_kind = {.name = "lora",
                                  .title = "LoRA",
                                  .peft_type = "LORA",
                                  .peft_switch = {"use_dora", false},
                                  .takes_ends = true,
                                  .add_fields = add_fields,
                                  .text = low_rank_text,
                                  .to_peft = lora_keys,
                                  .from_peft = from_peft,
                                  .shared_with_peft = read_lora_keys,
                                  .released =
                                      [](const AdapterOptions&) {
                                        return Released{plain_lora_type, ""};
                                      },
                                  .fit = fit_lora};

}  // namespace hyplora
