// The decoder: embedding, blocks of (norm, attention, norm, gated MLP) with residuals, final norm, language-model head. The
// families' differences are switches of ModelSpec: biases, norms over heads and behind the two halves, windows, activation,
// scaled embedding. Module and tensor names are Hugging Face's. Tokens are packed: the rows of a batch lie one after the other,
// without padding.
#pragma once

#include <functional>

#include "model/context.h"
#include "model/kv_cache.h"
#include "model/linear.h"
#include "model/spec.h"
#include "ops/attention.h"
#include "ops/basic.h"

namespace hyplora {

/// New tokens of a row that continue different ones of its tokens, all at one position (beam search).
struct TreeRow {
  int64_t position = 0;
  ops::Branches branches;  // none: the row goes on in a line
};

struct TokenBatch {
  at::Tensor ids;                   // [T] int64: all rows, one after the other
  std::vector<int64_t> lengths;     // of each row; they sum to T
  std::vector<KvRow*> past;         // none, or one per row: the tokens before these, to be continued
  std::vector<TreeRow> trees = {};  // none, or one per row
  at::Tensor places = {};           // [T] int64: places_of, where they went to the device with the ids
};

/// Of each token: how many tokens stand before it, virtual ones apart.
std::vector<int64_t> places_of(const TokenBatch& batch);

/// Sees each module's output while a forward pass runs: Hugging Face's module path, tensor.
using Probe = std::function<void(const std::string& path, const at::Tensor& output)>;

class Transformer {
 public:
  Transformer(const ModelSpec& spec, const Weights& weights);

  /// The last block's output, before the final norm, [T, hidden_size].
  at::Tensor blocks(const TokenBatch& batch) const;
  /// The final norm of some rows of `blocks`, [N, hidden_size].
  at::Tensor final_norm(const at::Tensor& hidden) const;
  /// Logits in fp32 of normed rows [N, hidden_size] -> [N, vocab_size].
  at::Tensor logits(const at::Tensor& normed) const;
  /// Sum of the cross-entropies of `targets` [N] after the tokens at `positions` [N] of the packed batch.
  at::Tensor loss(const TokenBatch& batch, const at::Tensor& positions, const at::Tensor& targets) const;

  const ModelSpec& spec() const { return spec_; }
  at::Device device() const { return embedding_.device(); }
  at::ScalarType dtype() const { return embedding_.scalar_type(); }
  /// Every linear layer inside the blocks, in order.
  std::vector<Linear*> linears();
  /// Every weight by its Hugging Face name; the tied head only once, as the embedding.
  NamedTensors named_weights() const;

  /// Learned keys and values before each row (prefix tuning), [n, layers * 2 * kv_heads * head_dim], by layer keys and then
  /// values; undefined: none. As in Hugging Face's cache they stand at positions 0 .. n-1, without a rotation, and the row's
  /// tokens follow.
  void set_virtual_tokens(at::Tensor tokens) { virtual_tokens_ = std::move(tokens); }
  int64_t virtual_count() const { return virtual_tokens_.defined() ? virtual_tokens_.size(0) : 0; }
  /// How many tokens a row may have: the model's positions less the virtual ones.
  Context context() const { return Context(spec_, virtual_count()); }

  /// The base's own embedding and head [vocab_size, hidden_size], and their module paths.
  const at::Tensor& base_embedding() const { return embedding_; }
  const at::Tensor& base_head() const { return head_; }
  std::string embedding_path() const { return prefix_ + "embed_tokens"; }
  std::string head_path() const { return head_prefix_ + "lm_head"; }
  /// Others in place of them, of the same shapes and type; undefined: the base's.
  void set_ends(at::Tensor embedding, at::Tensor head) {
    other_embedding_ = std::move(embedding);
    other_head_ = std::move(head);
  }

  /// Sees the output of each module; looking changes nothing.
  void set_probe(Probe probe) const { probe_ = std::move(probe); }
  /// Keeps only each block's input for the backward pass and computes the block again there.
  void set_gradient_checkpointing(bool on) { recomputes_ = on; }

 private:
  struct Block {
    std::string path;
    // Gemma 3's post_attention_layernorm stands behind the attention, the others' before the MLP; null where a family has none.
    at::Tensor input_layernorm, post_attention_layernorm, pre_feedforward_layernorm, post_feedforward_layernorm, q_norm, k_norm;
    Linear q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj;
  };
  /// What layers of a kind share in a pass.
  struct View {
    at::Tensor cos, sin;           // rotations, [T, 1, head_dim / 2]
    std::vector<at::Tensor> seen;  // none, or of each row: which keys its tree's tokens see; undefined where it is none
  };
  /// For the layers that see everything, and for those with a window.
  struct Views {
    View full, windowed;
    const View& of(int64_t window) const { return window > 0 ? windowed : full; }
  };

  static Block make_block(const ModelSpec& spec, const Weights& w);
  Views views(const TokenBatch& batch) const;
  std::vector<at::Tensor> trees_seen(const TokenBatch& batch, int64_t window) const;
  at::Tensor block(size_t layer, const at::Tensor& x, const TokenBatch& batch, const Views& views) const;
  at::Tensor attend(size_t layer, const at::Tensor& x, const TokenBatch& batch, const Views& views) const;
  at::Tensor feed_forward(size_t layer, const at::Tensor& x) const;
  at::Tensor head_norm(const at::Tensor& weight, const at::Tensor& x) const;
  at::Tensor mix(size_t layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const TokenBatch& batch,
                 const View& view) const;
  std::vector<ops::CachedRow> cached_rows(size_t layer, const at::Tensor& k, const at::Tensor& v, const TokenBatch& batch,
                                          const View& view) const;
  /// Keys and values [n, kv_heads * head_dim] of a layer's virtual tokens.
  std::pair<at::Tensor, at::Tensor> virtual_pair(size_t layer) const;
  at::Tensor mix_after_virtual(size_t layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                               const std::vector<int64_t>& lengths, const ops::AttentionShape& shape) const;
  const at::Tensor& embedding() const { return other_embedding_.defined() ? other_embedding_ : embedding_; }
  const at::Tensor& head() const { return other_head_.defined() ? other_head_ : head_; }
  at::Tensor run(const Linear& linear, const at::Tensor& x) const;
  at::Tensor norm(const std::string& path, const at::Tensor& weight, const at::Tensor& x) const;
  void see(const std::string& path, const at::Tensor& output) const {
    if (probe_) probe_(path, output);
  }

  ModelSpec spec_;
  std::string prefix_;       // of the decoder's tensors in the checkpoint, "model." in most
  std::string head_prefix_;  // of the head's, empty in most
  at::Tensor embedding_, final_norm_, head_;
  at::Tensor other_embedding_, other_head_;  // an adapter's
  std::vector<Block> blocks_;
  at::Tensor frequencies_, window_frequencies_;  // [head_dim / 2]
  at::Tensor virtual_tokens_;
  mutable Probe probe_;
  bool recomputes_ = false;
};

}  // namespace hyplora
