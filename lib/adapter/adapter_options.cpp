// The config keys that shape an adapter.
#include "adapter/kinds.h"
#include "core/error.h"

namespace hyplora {

Fields& add_adapter_fields(Fields& fields, AdapterOptions& o) {
  fields.add("adapter", o.adapter, "what is trained: hyperbolic low-rank adapters, another kind of adapter, or all weights",
             one_of(adapter_kinds()));
  for (const Kind* kind : kind_rows) {
    if (kind->add_fields != nullptr) kind->add_fields(fields, o);
  }
  return fields.add("lora_dropout", o.lora_dropout, "dropout on the adapter's input", between(0, 0.999))
      .add("target_modules", o.target_modules,
           "suffixes of module paths, a regular expression on the whole path, or \"all-linear\"", not_empty())
      .add("exclude_modules", o.exclude_modules, "modules to leave out: suffixes, or a regular expression on the whole path")
      .add("layers_to_transform", o.layers_to_transform, "numbers of the layers that get adapters (null: all)",
           between(0, 1e6));
}

void check_adapter_options(const AdapterOptions& options) {
  const Kind& kind = kind_of(options);
  if (kind.check != nullptr) kind.check(options);
  if (options.layers_to_transform && options.target_modules.single) {
    throw InputError("layers_to_transform: target_modules is one string, \"{}\"; name the modules in a list.",
                     options.target_modules.values.at(0));
  }
}

std::string adapter_text(const AdapterOptions& options) {
  const Kind& kind = kind_of(options);
  return kind.text != nullptr ? fmt::format("{}, {}", kind.title, kind.text(options)) : kind.title;
}

}  // namespace hyplora
