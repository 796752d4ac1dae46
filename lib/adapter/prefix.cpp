// Prefix tuning (Li & Liang 2021, arXiv 2101.00190) as PEFT computes it for decoders: learned keys and values of
// num_virtual_tokens tokens before each row, in every layer. Tensor `prompt_embeddings` [num_virtual_tokens, layers * 2 *
// kv_heads * head_dim], by layer keys and then values, normal with deviation 1 at the start as PEFT's embedding is: the model
// does not start equal to the base.
#include <ATen/ops/empty.h>

#include "adapter/kinds.h"

namespace hyplora {

std::vector<Parameter> take_prefix(Transformer& model, const AdapterOptions& options, at::Generator& generator) {
  const ModelSpec& spec = model.spec();
  const int64_t width = spec.layers * 2 * spec.kv_heads * spec.head_dim;
  const at::Tensor start = at::empty({options.num_virtual_tokens, width}, at::kFloat).normal_(0, 1, generator);
  const at::Tensor tokens = start.to(model.device(), model.dtype() == at::kDouble ? at::kDouble : at::kFloat).requires_grad_();
  model.set_virtual_tokens(tokens);
  return {{"prompt_embeddings", tokens, false}};
}

}  // namespace hyplora
