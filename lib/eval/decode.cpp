#include "eval/decode.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <deque>
#include <numeric>

#include "core/error.h"

namespace hyplora {
namespace {

struct ActiveRow {
  size_t prompt;
  KvRow past;
  Ids next;  // what goes through the model in the coming pass: the prompt, then the last new id
  Ids made;
};

void check(const Ids& prompt, size_t index, const ModelSpec& spec) {
  if (prompt.empty()) throw InputError("prompt {}: it has no tokens.", index + 1);
  if (static_cast<int64_t>(prompt.size()) >= spec.max_positions) {
    throw InputError("prompt {}: it has {} tokens, but the model's context is {} (max_position_embeddings).", index + 1, prompt.size(),
                     spec.max_positions);
  }
  for (const int64_t id : prompt) {
    if (id < 0 || id >= spec.vocab_size) {
      throw InputError("prompt {}: found token id {}, expected 0 to {} (the model's vocabulary).", index + 1, id, spec.vocab_size - 1);
    }
  }
}

std::deque<size_t> longest_first(const std::vector<Ids>& prompts) {
  std::deque<size_t> order(prompts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return prompts[a].size() > prompts[b].size(); });
  return order;
}

/// One pass over all active rows; the most likely next id of each.
Ids next_ids(const Transformer& model, std::vector<ActiveRow>& rows) {
  TokenBatch batch;
  Ids ids, last;
  for (auto& row : rows) {
    ids.insert(ids.end(), row.next.begin(), row.next.end());
    last.push_back(static_cast<int64_t>(ids.size()) - 1);
    batch.lengths.push_back(static_cast<int64_t>(row.next.size()));
    batch.past.push_back(&row.past);
  }
  batch.ids = at::tensor(ids, at::kLong).to(model.device());
  const at::Tensor hidden = model.blocks(batch).index_select(0, at::tensor(last, at::kLong).to(model.device()));
  const at::Tensor best = model.logits(model.final_norm(hidden)).argmax(1).cpu();
  const auto* values = best.const_data_ptr<int64_t>();
  return Ids(values, values + best.numel());
}

bool ended(const ActiveRow& row, const DecodeOptions& options, const ModelSpec& spec) {
  const auto& stops = options.stop_ids;
  return static_cast<int64_t>(row.made.size()) >= options.max_new_tokens || row.past.length() + 1 >= spec.max_positions ||
         std::find(stops.begin(), stops.end(), row.made.back()) != stops.end();
}

}  // namespace

void decode_greedy(const Transformer& model, const std::vector<Ids>& prompts, const DecodeOptions& options, const OnCompletion& done) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < prompts.size(); ++i) check(prompts[i], i, model.spec());
  std::deque<size_t> waiting = longest_first(prompts);
  std::vector<ActiveRow> active;
  while (!waiting.empty() || !active.empty()) {
    while (!waiting.empty() && static_cast<int64_t>(active.size()) < options.batch_size) {
      const size_t prompt = waiting.front();
      waiting.pop_front();
      active.push_back({prompt, KvRow(model.spec().layers), prompts[prompt], {}});
    }
    const Ids ids = next_ids(model, active);
    for (size_t i = 0; i < active.size(); ++i) {
      active[i].made.push_back(ids[i]);
      active[i].next = {ids[i]};
    }
    std::erase_if(active, [&](const ActiveRow& row) {
      const bool over = ended(row, options, model.spec());
      if (over) done(row.prompt, row.made);
      return over;
    });
  }
}

}  // namespace hyplora
