// LoRA (Hu et al. 2021, arXiv 2106.09685): y = W x + b + s B A x~. What the other low-rank kinds share with it.
#pragma once

#include "adapter/kinds.h"
#include "adapter/low_rank.h"

namespace hyplora {

/// A kaiming-uniform, B zero, without gates.
LowRank fresh_low_rank(const Site& site);
/// A and B by their names in the file.
std::vector<Parameter> low_rank_parameters(const LowRank& parts);
Fitted fit_lora(const Site& site);

std::string low_rank_text(const AdapterOptions& options);
/// What PEFT would look for and is not used here keeps PEFT's default.
Json lora_keys(const AdapterOptions& options, const ModelSpec& spec);
/// What PEFT takes where its config says nothing.
void set_peft_defaults(AdapterOptions& options);
/// Takes the keys of LoRA that the config has into `options`.
void read_lora_keys(const PeftKeys& keys, AdapterOptions& options);

}  // namespace hyplora
