// Embedding and head of the model (embed_tokens, lm_head) where a PEFT folder changes them. They are computed with and merged, but
// neither trained nor written here:
//
//     LoRA on lm_head         W + s B A               lora_A.weight [r, d], lora_B.weight [V, r]
//     LoRA on embed_tokens    W + s A^T B^T           lora_embedding_A [r, V], lora_embedding_B [d, r]
//     modules_to_save         the folder's weight in place of W; so do the weights that PEFT saves beside LoRA on these two
//
// Where the base ties the two, PEFT changes the one that is named and leaves the other as it was, unless ensure_weight_tying is
// set. A weight of the base itself that the folder holds is both's. What results is rounded once to the base's type.
#pragma once

#include "adapter/adapter.h"

namespace hyplora {

/// One of the two.
struct End {
  at::Tensor saved;       // in place of the base's weight; undefined: the base's
  at::Tensor A, B;        // W + s B A, A [r, in], B [out, r]; undefined: no LoRA
  double scale = 1;       // s
  std::string path = {};  // Hugging Face's, for example model.embed_tokens

  bool changes() const { return saved.defined() || A.defined(); }
  /// The weight in its place, of type `type`, on the device of `base`. InputError, with `file`, where it is not finite.
  at::Tensor weight(const at::Tensor& base, at::ScalarType type, const fs::path& file) const;
};

struct Ends {
  End embedding, head;
  bool head_is_embedding = false;  // tied, and stays so
  fs::path file;

  bool change() const { return embedding.changes() || head.changes(); }
};

/// Whether a stored name is of embedding or head.
bool is_of_end(const std::string& stored);
/// InputError: a shape that does not fit the model, one half of a LoRA, or none although the options name it.
Ends read_ends(const Transformer& model, const AdapterOptions& options, const AdapterTensors& file);
/// Reads them onto the model.
void put_ends_on(Transformer& model, const Ends& ends);
/// InputError where the file has any: what is trained or written has none.
void require_no_ends(const AdapterTensors& file);

}  // namespace hyplora
