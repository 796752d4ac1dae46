// Prefix tuning (Li & Liang 2021, arXiv 2101.00190) as PEFT computes it for decoders: learned keys and values of
// num_virtual_tokens tokens before each row, in every layer. Tensor `prompt_embeddings` [num_virtual_tokens, layers * 2 *
// kv_heads * head_dim], by layer keys and then values, normal with deviation 1 at the start as PEFT's embedding is: the model
// does not start equal to the base.
#include <ATen/ops/empty.h>

#include "adapter/kinds.h"

namespace hyplora {
namespace {

std::vector<Parameter> take_prefix(Transformer& model, const AdapterOptions& options, at::Generator& generator) {
  const ModelSpec& spec = model.spec();
  const int64_t width = spec.layers * 2 * spec.kv_heads * spec.head_dim;
  const at::Device place = model.device().is_meta() ? at::kMeta : at::kCPU;
  at::Tensor start = at::empty({options.num_virtual_tokens, width}, at::TensorOptions(at::kFloat).device(place));
  if (!start.is_meta()) start.normal_(0, 1, generator);
  const at::Tensor tokens = start.to(model.device(), model.dtype() == at::kDouble ? at::kDouble : at::kFloat).requires_grad_();
  model.set_virtual_tokens(tokens);
  return {{"prompt_embeddings", tokens, false}};
}

void add_fields(Fields& fields, AdapterOptions& o) {
  fields.add("num_virtual_tokens", o.num_virtual_tokens, "prefix: learned tokens before each row", between(1, 1 << 20));
}

Json to_peft(const AdapterOptions& o, const ModelSpec& spec) {
  return {{"num_virtual_tokens", o.num_virtual_tokens},
          {"num_layers", spec.layers},
          {"num_attention_heads", spec.kv_heads},
          {"token_dim", spec.kv_heads * spec.head_dim},
          {"num_transformer_submodules", 1},
          {"encoder_hidden_size", spec.kv_heads * spec.head_dim},
          {"prefix_projection", false}};
}

void from_peft(const PeftKeys& keys, AdapterOptions& options) {
  options.num_virtual_tokens = keys.get<int64_t>("num_virtual_tokens", 30);
}

}  // namespace

constinit const Kind prefix_kind = {
    .name = "prefix",
    .title = "prefix tuning",
    .peft_type = "PREFIX_TUNING",
    .starts_at_base = false,
    .tells_base = true,
    .not_a_matrix = "it adds keys and values and changes no weight",
    .add_fields = add_fields,
    .text = [](const AdapterOptions& o) { return fmt::format("{} virtual tokens", o.num_virtual_tokens); },
    .to_peft = to_peft,
    .from_peft = from_peft,
    .lead_tokens = [](const AdapterOptions& o) { return o.num_virtual_tokens; },
    .take_model = take_prefix};

}  // namespace hyplora
