#include "adapter/bottleneck.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "adapter/fused_products.h"
#include "adapter/kinds.h"
#include "core/error.h"

namespace hyplora {
namespace {

at::Tensor gelu(const at::Tensor& x) { return at::gelu(x); }

struct NonLinearity {
  const char* name;
  at::Tensor (*function)(const at::Tensor&);
};
constexpr NonLinearity known[] = {
    {"tanh", at::tanh}, {"relu", at::relu}, {"gelu", gelu}, {"silu", at::silu}, {"sigmoid", at::sigmoid}};

enum class Place { input, output, beside };

class BottleneckAdapter : public LinearAdapter {
 public:
  BottleneckAdapter(Place place, Bottleneck parts, ModuleDropout dropout)
      : place_(place), parts_(std::move(parts)), dropout_(std::move(dropout)) {}

  at::Tensor forward(const at::Tensor& x, const Linear& base) const override {
    const auto f = [&](const at::Tensor& h) { return bottleneck(dropout_.draw(h).apply(h), parts_).to(h.scalar_type()); };
    if (place_ == Place::input) return base.product(x + f(x));
    const at::Tensor y = base.product(x);
    return y + f(place_ == Place::beside ? x : y);
  }

 private:
  Place place_;
  Bottleneck parts_;
  ModuleDropout dropout_;
};

Fitted fit(const Site& site, Place place) {
  const int64_t size = site.options.bottleneck_size, from = place == Place::output ? site.linear.out() : site.linear.in(),
                to = place == Place::input ? site.linear.in() : site.linear.out();
  Bottleneck parts;
  parts.down = site.parameter(site.kaiming_uniform(size, from));
  parts.up = site.parameter(at::zeros({to, size}, site.fresh()));
  parts.non_linearity = site.options.non_linearity;
  parts.scaling = site.options.scaling;
  const int64_t dropped = site.dropout.rate() > 0 ? 2 * from : 0;  // the dropped input and its mask
  return {{{"adapter_down.weight", parts.down, false}, {"adapter_up.weight", parts.up, false}},
          std::make_shared<BottleneckAdapter>(place, parts, site.dropout),
          {2 * size, dropped + (place == Place::beside ? 0 : from)}};
}

Fitted fit_parallel(const Site& site) { return fit(site, Place::beside); }

Fitted fit_series(const Site& site) {
  const std::string name = site.linear.path.substr(site.linear.path.rfind('.') + 1);
  return fit(site, name == "o_proj" || name == "down_proj" ? Place::output : Place::input);
}

void add_fields(Fields& fields, AdapterOptions& o) {
  fields.add("bottleneck_size", o.bottleneck_size, "series, parallel: width between the two projections", between(1, 1 << 20))
      .add("non_linearity", o.non_linearity, "series, parallel: between the two projections", one_of(non_linearities()))
      .add("scaling", o.scaling, "series, parallel: factor of the bottleneck's output", between(-1e6, 1e6));
}

std::string text(const AdapterOptions& o) {
  return fmt::format("size {}, {}, dropout {}", o.bottleneck_size, o.non_linearity, o.lora_dropout);
}

/// LLM-Adapters' keys.
Json to_peft(const AdapterOptions& o, const ModelSpec&) {
  return {{"bottleneck_size", o.bottleneck_size},
          {"non_linearity", o.non_linearity},
          {"adapter_dropout", o.lora_dropout},
          {"scaling", o.scaling},
          {"init_weights", "mam_adapter"},
          {"bias", "none"},
          {"modules_to_save", nullptr}};
}

void from_peft(const PeftKeys& keys, AdapterOptions& options) {
  keys.refuse({"modules_to_save"});
  keys.only("bias", "none");
  options.bottleneck_size = keys.get<int64_t>("bottleneck_size", 256);
  options.non_linearity = keys.get<std::string>("non_linearity", "tanh");
  options.lora_dropout = keys.get<double>("adapter_dropout", 0);
  options.scaling = keys.get<double>("scaling", 1);
}

}  // namespace

std::vector<std::string> non_linearities() {
  std::vector<std::string> names;
  for (const auto& row : known) names.emplace_back(row.name);
  return names;
}

at::Tensor activated(const std::string& non_linearity, const at::Tensor& x) {
  const auto row = std::find_if(std::begin(known), std::end(known), [&](const auto& n) { return non_linearity == n.name; });
  if (row == std::end(known)) {
    throw InputError("non_linearity: found \"{}\", expected one of {}.", non_linearity, fmt::join(non_linearities(), ", "));
  }
  return row->function(x);
}

at::Tensor bottleneck(const at::Tensor& h, const Bottleneck& adapter) {
  const at::ScalarType type = product_type(h);
  const at::Tensor inner = activated(adapter.non_linearity, at::mm(h.to(type), adapter.down.to(type).t()));
  return at::mm(inner, adapter.up.to(type).t()) * adapter.scaling;
}

constexpr const char* bends = "it bends what a layer computes, which is no longer linear in its input";
constexpr const char* unknown_to_peft = "PEFT has no bottleneck adapters; LLM-Adapters' copy of it has them";

constinit const Kind series_kind = {.name = "series",
                                    .title = "series bottleneck",
                                    .peft_type = "BOTTLENECK",
                                    .peft_switch = {"use_parallel_adapter", false},
                                    .not_a_matrix = bends,
                                    .not_in_peft = unknown_to_peft,
                                    .add_fields = add_fields,
                                    .text = text,
                                    .to_peft = to_peft,
                                    .from_peft = from_peft,
                                    .fit = fit_series};

constinit const Kind parallel_kind = {.name = "parallel",
                                      .title = "parallel bottleneck",
                                      .peft_type = "BOTTLENECK",
                                      .peft_switch = {"use_parallel_adapter", true},
                                      .not_a_matrix = bends,
                                      .not_in_peft = unknown_to_peft,
                                      .text = text,
                                      .to_peft = to_peft,
                                      .from_peft = from_peft,
                                      .fit = fit_parallel};

}  // namespace hyplora
