// The config keys that shape an adapter.
#include "adapter/bottleneck.h"
#include "adapter/kinds.h"
#include "core/error.h"
#include "hyperbolic/variants.h"

namespace hyplora {
namespace {

std::string variants_text() {
  std::vector<std::string> phrases;
  for (const auto& row : variants()) phrases.push_back(fmt::format("{}: {}", row.name, row.text));
  return fmt::format("{}", fmt::join(phrases, "; "));
}

}  // namespace

Fields& add_adapter_fields(Fields& fields, AdapterOptions& o) {
  return fields
      .add("adapter", o.adapter, "what is trained: hyperbolic low-rank adapters, another kind of adapter, or all weights",
           one_of(adapter_kinds()))
      .add("hyplora_variant", o.hyplora_variant, variants_text(), one_of(hyplora_variants()))
      .add("lora_r", o.lora_r, "rank", between(1, 1 << 20))
      .add("lora_alpha", o.lora_alpha, "scaling is alpha/r", above(0))
      .add("lora_dropout", o.lora_dropout, "dropout on the adapter's input", between(0, 0.999))
      .add("use_rslora", o.use_rslora, "scaling is alpha/sqrt(r)")
      .add("target_modules", o.target_modules,
           "suffixes of module paths, a regular expression on the whole path, or \"all-linear\"", not_empty())
      .add("exclude_modules", o.exclude_modules, "modules to leave out: suffixes, or a regular expression on the whole path")
      .add("layers_to_transform", o.layers_to_transform, "numbers of the layers that get adapters (null: all)", at_least(0))
      .add("rank_pattern", o.rank_pattern, "rank by module: regular expression for a path's end -> rank", at_least(1))
      .add("alpha_pattern", o.alpha_pattern, "alpha by module", above(0))
      .add("curvature", o.curvature, "initial curvature parameter: K of lorentz, the others' own k")
      .add("train_curvature", o.train_curvature,
           "whether the curvature learns (where it is not given, v1 and v1_rot hold theirs, as the first release did)")
      .add("bottleneck_size", o.bottleneck_size, "series, parallel: width between the two projections", between(1, 1 << 20))
      .add("non_linearity", o.non_linearity, "series, parallel: between the two projections", one_of(non_linearities()))
      .add("scaling", o.scaling, "series, parallel: factor of the bottleneck's output")
      .add("num_virtual_tokens", o.num_virtual_tokens, "prefix: learned tokens before each row", between(1, 1 << 20));
}

void check_adapter_options(const AdapterOptions& options) {
  if (options.adapter == "hyplora") check_curvature(options);
  if (options.layers_to_transform && options.target_modules.single) {
    throw InputError("layers_to_transform: target_modules is one string, \"{}\"; name the modules in a list.",
                     options.target_modules.values.at(0));
  }
}

int64_t lead_tokens(const AdapterOptions& options) { return options.adapter == "prefix" ? options.num_virtual_tokens : 0; }

std::string adapter_text(const AdapterOptions& o) {
  const Kind& kind = find_kind(o.adapter);
  const std::string type = kind.peft_type;
  if (type == "BOTTLENECK")
    return fmt::format("{}, size {}, {}, dropout {}", kind.title, o.bottleneck_size, o.non_linearity, o.lora_dropout);
  if (type == "PREFIX_TUNING") return fmt::format("{}, {} virtual tokens", kind.title, o.num_virtual_tokens);
  if (kind.fit == nullptr) return kind.title;
  const std::string variant = o.adapter == "hyplora" ? ", variant " + o.hyplora_variant : "";
  return fmt::format("{}{}, rank {}, alpha {}, dropout {}", kind.title, variant, o.lora_r, o.lora_alpha, o.lora_dropout);
}

}  // namespace hyplora
