// An adapter folder in another layout: the same values under other names.
//
//     hyplora    ours: peft_type HYPLORA for hyperbolic ones, lora_k and lora_norm_scale, hyplora.json
//     release    the published releases': peft_type LORA with lora_type "hyplora-1.0", "hyplora_simplified-0.5" (NeurIPS 2025),
//     or
//                "hyperbolic-1.0", "hyperbolic_rot-1.0" with scalars .k and .norm_scale (the first one); "std" for LoRA and
//                DoRA
//     peft       stock PEFT's: LoRA, DoRA, prefix tuning, and hyplora_variant tangent, which is LoRA
#pragma once

#include "adapter/adapter.h"

namespace hyplora {

std::vector<std::string> adapter_layouts();

/// Writes the adapter of `from` into the folder `to` in a layout. InputError, with the reason, where the layout has no place
/// for such an adapter.
void convert_adapter(const fs::path& from, const std::string& layout, const fs::path& to);

}  // namespace hyplora
