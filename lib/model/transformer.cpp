#include "model/transformer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "model/recompute.h"
#include "ops/attention.h"
#include "ops/decode_attention.h"
#include "ops/loss.h"
#include "ops/products.h"
#include "ops/upload.h"

namespace hyplora {

namespace {

/// Where the decoder's tensors may stand: in old and new transformers' text models, in Gemma 3's multimodal ones, bare.
struct Place {
  const char *decoder, *head;
};
constexpr Place places[] = {
    {"model.", ""}, {"model.language_model.", ""}, {"language_model.model.", "language_model."}, {"", ""}};

Place find_place(const Weights& weights) {
  for (const Place& place : places) {
    if (weights.has(std::string(place.decoder) + "embed_tokens.weight")) return place;
  }
  return places[0];
}

bool is_tree(const TokenBatch& batch, size_t row) { return !batch.trees.empty() && !batch.trees[row].branches.own.empty(); }

}  // namespace

std::vector<int64_t> places_of(const TokenBatch& batch) {
  std::vector<int64_t> all;
  for (size_t row = 0; row < batch.lengths.size(); ++row) {
    const bool tree = is_tree(batch, row);
    const int64_t first = tree ? batch.trees[row].position : batch.past.empty() ? 0 : batch.past[row]->length();
    for (int64_t i = 0; i < batch.lengths[row]; ++i) all.push_back(tree ? first : first + i);
  }
  return all;
}

Transformer::Transformer(const ModelSpec& spec, const Weights& weights) : spec_(spec) {
  const Place place = find_place(weights);
  prefix_ = place.decoder;
  head_prefix_ = place.head;
  const Weights decoder = prefix_.empty() ? weights : weights[prefix_.substr(0, prefix_.size() - 1)];
  embedding_ = decoder["embed_tokens"].get("weight", {spec.vocab_size, spec.hidden_size});
  for (int64_t i = 0; i < spec.layers; ++i) blocks_.push_back(make_block(spec, decoder["layers"][std::to_string(i)]));
  final_norm_ = decoder["norm"].get("weight", {spec.hidden_size});
  head_ =
      spec.tied_embeddings ? embedding_ : weights[head_prefix_ + "lm_head"].get("weight", {spec.vocab_size, spec.hidden_size});
  const auto frequencies = [&](const RopeSpec& rope) {
    return at::tensor(rope_frequencies(rope, spec.head_dim), at::kFloat).to(weights.options().device);
  };
  frequencies_ = frequencies(spec.rope);
  window_frequencies_ = spec.window_rope ? frequencies(*spec.window_rope) : frequencies_;
}

Transformer::Block Transformer::make_block(const ModelSpec& spec, const Weights& w) {
  const int64_t d = spec.hidden_size, i = spec.intermediate_size, q = spec.heads * spec.head_dim,
                kv = spec.kv_heads * spec.head_dim;
  const Weights attention = w["self_attn"], mlp = w["mlp"];
  const auto norm = [&](const char* name) { return w[name].get("weight", {d}); };
  const auto head_norm = [&](const char* name) {
    return spec.head_norms ? attention[name].get("weight", {spec.head_dim}) : at::Tensor();
  };
  return {w.path(),
          norm("input_layernorm"),
          norm("post_attention_layernorm"),
          spec.output_norms ? norm("pre_feedforward_layernorm") : at::Tensor(),
          spec.output_norms ? norm("post_feedforward_layernorm") : at::Tensor(),
          head_norm("q_norm"),
          head_norm("k_norm"),
          Linear::from(attention["q_proj"], d, q, spec.qkv_bias),
          Linear::from(attention["k_proj"], d, kv, spec.qkv_bias),
          Linear::from(attention["v_proj"], d, kv, spec.qkv_bias),
          Linear::from(attention["o_proj"], q, d, spec.output_bias),
          Linear::from(mlp["gate_proj"], d, i, spec.mlp_bias),
          Linear::from(mlp["up_proj"], d, i, spec.mlp_bias),
          Linear::from(mlp["down_proj"], i, d, spec.mlp_bias)};
}

at::Tensor Transformer::run(const Linear& linear, const at::Tensor& x) const {
  at::Tensor y = linear.forward(x);
  see(linear.path, y);
  return y;
}

at::Tensor Transformer::norm(const std::string& path, const at::Tensor& weight, const at::Tensor& x) const {
  at::Tensor y = ops::rms_norm(x, weight, spec_.rms_norm_eps, spec_.norm_offset);
  see(path, y);
  return y;
}

at::Tensor Transformer::head_norm(const at::Tensor& weight, const at::Tensor& x) const {
  if (!weight.defined()) return x;
  return ops::rms_norm(x.reshape({-1, spec_.head_dim}), weight, spec_.rms_norm_eps, spec_.norm_offset).view(x.sizes());
}

/// All rows' masks go to the device together, once a pass; on the CPU the attention needs none.
std::vector<at::Tensor> Transformer::trees_seen(const TokenBatch& batch, int64_t window) const {
  if (device().is_cpu() || batch.trees.empty()) return {};
  std::vector<at::Tensor> masks, seen(batch.trees.size());
  std::vector<size_t> rows;
  for (size_t row = 0; row < batch.trees.size(); ++row) {
    if (!is_tree(batch, row)) continue;
    const int64_t lead = virtual_count(), keys = lead + batch.past[row]->length() + batch.lengths[row];
    masks.push_back(ops::branches_mask(batch.trees[row].branches, keys, lead, window));
    rows.push_back(row);
  }
  const auto there = ops::upload(masks, device());
  for (size_t i = 0; i < rows.size(); ++i) seen[rows[i]] = there[i];
  return seen;
}

Transformer::Views Transformer::views(const TokenBatch& batch) const {
  const at::Tensor in_row = batch.places.defined() ? batch.places : ops::upload({places_of(batch)}, device()).front(),
                   all = (virtual_count() > 0 ? in_row + virtual_count() : in_row).to(at::kFloat);
  const auto turned = [&](const at::Tensor& frequencies) {
    const at::Tensor turns = all.outer(frequencies).unsqueeze(1);
    return View{turns.cos().to(dtype()), turns.sin().to(dtype()), {}};
  };
  Views views{turned(frequencies_), {}};
  views.windowed = spec_.window_rope ? turned(window_frequencies_) : views.full;
  const int64_t window = *std::max_element(spec_.windows.begin(), spec_.windows.end());
  views.full.seen = trees_seen(batch, 0);
  views.windowed.seen = window > 0 ? trees_seen(batch, window) : std::vector<at::Tensor>();
  return views;
}

std::pair<at::Tensor, at::Tensor> Transformer::virtual_pair(size_t layer) const {
  const int64_t width = spec_.kv_heads * spec_.head_dim, first = 2 * static_cast<int64_t>(layer) * width;
  return {virtual_tokens_.narrow(1, first, width).to(dtype()), virtual_tokens_.narrow(1, first + width, width).to(dtype())};
}

/// Every row by itself, after the virtual tokens.
at::Tensor Transformer::mix_after_virtual(size_t layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                          const std::vector<int64_t>& lengths, const ops::AttentionShape& shape) const {
  const auto [keys, values] = virtual_pair(layer);
  const auto qs = q.split_with_sizes(lengths), ks = k.split_with_sizes(lengths), vs = v.split_with_sizes(lengths);
  std::vector<at::Tensor> mixed;
  for (size_t row = 0; row < lengths.size(); ++row) {
    mixed.push_back(ops::attention(qs[row], {at::cat({keys, ks[row]}), at::cat({values, vs[row]})}, shape));
  }
  return at::cat(mixed);
}

/// Stores the new keys and values; branches count places behind the virtual tokens, the cache with them.
std::vector<ops::CachedRow> Transformer::cached_rows(size_t layer, const at::Tensor& k, const at::Tensor& v,
                                                     const TokenBatch& batch, const View& view) const {
  std::vector<ops::CachedRow> rows;
  int64_t first = 0;
  for (size_t row = 0; row < batch.lengths.size(); ++row) {
    if (virtual_count() > 0 && batch.past[row]->length() == 0) {
      const auto [keys, values] = virtual_pair(layer);
      batch.past[row]->lead(static_cast<int64_t>(layer), keys, values);
    }
    const auto [keys, values] = batch.past[row]->append(static_cast<int64_t>(layer), k, v, first, batch.lengths[row]);
    first += batch.lengths[row];
    rows.push_back({keys, values, is_tree(batch, row) ? &batch.trees[row].branches : nullptr, virtual_count(),
                    view.seen.empty() ? at::Tensor() : view.seen[row]});
  }
  return rows;
}

at::Tensor Transformer::mix(size_t layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const TokenBatch& batch, const View& view) const {
  const ops::AttentionShape shape{spec_.heads, spec_.kv_heads, spec_.head_dim, spec_.attention_scale, spec_.windows[layer]};
  if (batch.past.empty() && virtual_count() > 0) return mix_after_virtual(layer, q, k, v, batch.lengths, shape);
  if (batch.past.empty()) return ops::packed_attention(q, k, v, batch.lengths, shape);
  const auto rows = cached_rows(layer, k, v, batch, view);
  bool decodes = ops::has_decode_attention(q, shape);
  for (size_t row = 0; row < rows.size(); ++row) decodes = decodes && (batch.lengths[row] == 1 || is_tree(batch, row));
  if (decodes) return ops::decode_attention(q, rows, shape);
  const auto qs = q.split_with_sizes(batch.lengths);
  std::vector<at::Tensor> mixed;
  for (size_t row = 0; row < rows.size(); ++row) mixed.push_back(ops::attention(qs[row], rows[row], shape));
  return mixed.size() == 1 ? mixed[0] : at::cat(mixed);
}

at::Tensor Transformer::attend(size_t layer, const at::Tensor& x, const TokenBatch& batch, const Views& views) const {
  const Block& b = blocks_[layer];
  const View& view = views.of(spec_.windows[layer]);
  const at::Tensor q = ops::rope(head_norm(b.q_norm, run(b.q_proj, x)), view.cos, view.sin);
  const at::Tensor k = ops::rope(head_norm(b.k_norm, run(b.k_proj, x)), view.cos, view.sin);
  const at::Tensor v = run(b.v_proj, x);
  return run(b.o_proj, mix(layer, q, k, v, batch, view));
}

at::Tensor Transformer::feed_forward(size_t layer, const at::Tensor& x) const {
  const Block& b = blocks_[layer];
  return run(b.down_proj, ops::gated(run(b.gate_proj, x), run(b.up_proj, x), spec_.activation));
}

at::Tensor Transformer::block(size_t layer, const at::Tensor& x, const TokenBatch& batch, const Views& views) const {
  const Block& b = blocks_[layer];
  const at::Tensor mixed = attend(layer, norm(b.path + ".input_layernorm", b.input_layernorm, x), batch, views);
  const std::string middle = b.path + ".post_attention_layernorm";
  if (!spec_.output_norms) {
    const at::Tensor attended = x + mixed;
    return attended + feed_forward(layer, norm(middle, b.post_attention_layernorm, attended));
  }
  const at::Tensor attended = x + norm(middle, b.post_attention_layernorm, mixed);
  const at::Tensor fed =
      feed_forward(layer, norm(b.path + ".pre_feedforward_layernorm", b.pre_feedforward_layernorm, attended));
  return attended + norm(b.path + ".post_feedforward_layernorm", b.post_feedforward_layernorm, fed);
}

at::Tensor Transformer::blocks(const TokenBatch& batch) const {
  const Views seen_by = views(batch);
  at::Tensor x = at::embedding(embedding(), batch.ids);
  if (spec_.scaled_embedding) x = x * at::scalar_tensor(std::sqrt(static_cast<double>(spec_.hidden_size)), x.options());
  see(prefix_ + "embed_tokens", x);
  const bool recomputes = recomputes_ && at::GradMode::is_enabled() && batch.past.empty();
  for (size_t layer = 0; layer < blocks_.size(); ++layer) {
    x = recomputes ? recomputed([=, this](const at::Tensor& in) { return block(layer, in, batch, seen_by); }, x)
                   : block(layer, x, batch, seen_by);
  }
  for (size_t row = 0; row < batch.past.size(); ++row) batch.past[row]->advance(batch.lengths[row]);
  return x;
}

at::Tensor Transformer::final_norm(const at::Tensor& hidden) const { return norm(prefix_ + "norm", final_norm_, hidden); }

at::Tensor Transformer::logits(const at::Tensor& normed) const {
  const at::Tensor scores = ops::frozen_linear(normed, head(), {});
  return scores.scalar_type() == at::kDouble ? scores : scores.to(at::kFloat);
}

at::Tensor Transformer::loss(const TokenBatch& batch, const at::Tensor& positions, const at::Tensor& targets) const {
  const at::Tensor hidden = blocks(batch);
  at::Tensor loss = ops::head_loss(final_norm(hidden.index_select(0, positions)), head(), targets);
  see("lm_head", loss);
  return loss;
}

std::vector<Linear*> Transformer::linears() {
  std::vector<Linear*> all;
  for (auto& b : blocks_) {
    for (Linear* linear : {&b.q_proj, &b.k_proj, &b.v_proj, &b.o_proj, &b.gate_proj, &b.up_proj, &b.down_proj})
      all.push_back(linear);
  }
  return all;
}

NamedTensors Transformer::named_weights() const {
  NamedTensors named{{prefix_ + "embed_tokens.weight", embedding_}};
  for (const auto& b : blocks_) {
    const auto add = [&](const char* name, const at::Tensor& weight) {
      if (weight.defined()) named.emplace_back(b.path + name, weight);
    };
    add(".input_layernorm.weight", b.input_layernorm);
    for (const Linear* linear : {&b.q_proj, &b.k_proj, &b.v_proj, &b.o_proj, &b.gate_proj, &b.up_proj, &b.down_proj}) {
      named.emplace_back(linear->path + ".weight", linear->weight);
      if (linear->bias.defined()) named.emplace_back(linear->path + ".bias", linear->bias);
    }
    add(".post_attention_layernorm.weight", b.post_attention_layernorm);
    add(".pre_feedforward_layernorm.weight", b.pre_feedforward_layernorm);
    add(".post_feedforward_layernorm.weight", b.post_feedforward_layernorm);
    add(".self_attn.q_norm.weight", b.q_norm);
    add(".self_attn.k_norm.weight", b.k_norm);
  }
  named.emplace_back(prefix_ + "norm.weight", final_norm_);
  if (!spec_.tied_embeddings) named.emplace_back(head_prefix_ + "lm_head.weight", head_);
  return named;
}

}  // namespace hyplora
