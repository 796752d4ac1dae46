#include "generate/decode.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>

#include "core/error.h"
#include "generate/search.h"
#include "model/finite.h"
#include "ops/upload.h"

namespace hyplora {
namespace {

/// A prompt in the batch: its search, and the tree of its new tokens behind the prompt in one cache.
struct Active {
  size_t prompt;
  KvRow past;
  std::unique_ptr<Search> search;
  int64_t prompt_tokens;
  std::vector<TreeToken> next;                  // what goes through the model in the coming pass, after the first
  std::vector<std::vector<int64_t>> ancestors;  // of each new token: places in the cache, itself last
};

void check_prompt(const Ids& prompt, size_t index, const Transformer& model) {
  const ModelSpec& spec = model.spec();
  if (prompt.empty()) throw InputError("prompt {}: it has no tokens.", index + 1);
  model.context().require(fmt::format("prompt {}: it", index + 1), static_cast<int64_t>(prompt.size()), 1);
  for (const int64_t id : prompt) {
    if (id < 0 || id >= spec.vocab_size) {
      throw InputError("prompt {}: found token id {}, expected 0 to {} (the model's vocabulary).", index + 1, id,
                       spec.vocab_size - 1);
    }
  }
}

std::deque<size_t> longest_first(const std::vector<Ids>& prompts, const std::set<size_t>& skipped) {
  std::deque<size_t> order(prompts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::erase_if(order, [&](size_t i) { return skipped.count(i) != 0; });
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return prompts[a].size() > prompts[b].size(); });
  return order;
}

/// Adds the coming tokens to the tree; all of one pass stand at the same position. Without beams the tree is a line.
TreeRow grow(Active& active, bool branches) {
  if (!branches) return {};
  TreeRow row;
  row.branches.common = active.prompt_tokens;
  for (size_t i = 0; i < active.next.size(); ++i) {
    const int64_t parent = active.next[i].parent;
    std::vector<int64_t> path = parent >= 0 ? active.ancestors[static_cast<size_t>(parent)] : std::vector<int64_t>();
    path.push_back(active.prompt_tokens + static_cast<int64_t>(active.ancestors.size()));
    row.position = active.prompt_tokens + static_cast<int64_t>(path.size()) - 1;
    row.branches.own.push_back(path);
    active.ancestors.push_back(std::move(path));
  }
  return row;
}

/// Says for the first such prompt where the values begin that are not finite.
[[noreturn]] void stop_not_finite(const Transformer& model, const std::vector<Active>& rows, const std::vector<Ids>& prompts,
                                  const std::vector<at::Tensor>& logits) {
  size_t i = 0;
  while (i + 1 < rows.size() && std::isfinite(logits[i].max().item<float>())) ++i;
  Ids ids = prompts[rows[i].prompt];
  for (const Completion& made : rows[i].search->result()) ids.insert(ids.end(), made.ids.begin(), made.ids.end());
  throw RunError("prompt {}: the logits are not finite; {}. Another dtype may help.", rows[i].prompt + 1,
                 first_not_finite(model, ids));
}

/// One pass over all active prompts: for each the logits after its last tokens, on the CPU.
std::vector<at::Tensor> pass(const Transformer& model, std::vector<Active>& rows, const std::vector<Ids>& prompts,
                             bool branches) {
  TokenBatch batch;
  Ids ids, last;
  std::vector<int64_t> counts;
  for (Active& row : rows) {
    const bool first = row.past.length() == 0;
    if (first) {
      ids.insert(ids.end(), prompts[row.prompt].begin(), prompts[row.prompt].end());
      last.push_back(static_cast<int64_t>(ids.size()) - 1);
    }
    for (const TreeToken& token : row.next) {
      ids.push_back(token.id);
      last.push_back(static_cast<int64_t>(ids.size()) - 1);
    }
    counts.push_back(first ? 1 : static_cast<int64_t>(row.next.size()));
    batch.lengths.push_back(first ? row.prompt_tokens : counts.back());
    batch.trees.push_back(first ? TreeRow() : grow(row, branches));
    batch.past.push_back(&row.past);
  }
  const auto there = ops::upload({ids, places_of(batch), last}, model.device());
  batch.ids = there[0];
  batch.places = there[1];
  const at::Tensor hidden = model.blocks(batch).index_select(0, there[2]);
  const at::Tensor logits = model.logits(model.final_norm(hidden)).to(at::kCPU, at::kFloat);
  auto of_rows = logits.split_with_sizes(counts);
  if (!std::isfinite(logits.max().item<float>())) stop_not_finite(model, rows, prompts, of_rows);
  return of_rows;
}

/// Branching searches look at the whole vocabulary, each prompt's for itself, so that threads share them.
void advance(std::vector<Active>& active, const std::vector<at::Tensor>& logits, bool side_by_side) {
  const auto count = static_cast<int64_t>(active.size());
  at::parallel_for(0, count, side_by_side ? 1 : count, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      active[i].next = active[i].search->advance(logits[i]);
  });
}

Active enter(const Transformer& model, const Ids& prompt, size_t number, const DecodeOptions& options,
             const DecodeControl& control) {
  const auto tokens = static_cast<int64_t>(prompt.size());
  const int64_t room = std::min(options.max_new_tokens, model.context().tokens() - tokens);
  return {number, KvRow(model.spec().layers), make_search(options, control, prompt, room, number), tokens, {}, {}};
}

}  // namespace

void decode(const Transformer& model, const std::vector<Ids>& prompts, const DecodeOptions& options,
            const DecodeControl& control, const OnCompletion& done) {
  const at::NoGradGuard no_grad;
  check(options);
  for (size_t i = 0; i < prompts.size(); ++i) check_prompt(prompts[i], i, model);
  std::deque<size_t> waiting = longest_first(prompts, control.skipped);
  const bool branches = options.beams > 1 || control.alternatives != nullptr;
  std::vector<Active> active;
  while (!waiting.empty() || !active.empty()) {
    if (control.interrupted && control.interrupted()) return;
    while (!waiting.empty() && static_cast<int64_t>(active.size()) < options.batch_size) {
      active.push_back(enter(model, prompts[waiting.front()], waiting.front(), options, control));
      waiting.pop_front();
    }
    const auto logits = pass(model, active, prompts, branches);
    advance(active, logits, branches);
    std::erase_if(active, [&](const Active& row) {
      if (row.next.empty()) done(row.prompt, row.search->result());
      return row.next.empty();
    });
  }
}

}  // namespace hyplora
