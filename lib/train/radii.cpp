#include "train/radii.h"

#include <algorithm>

#include "core/error.h"
#include "core/log.h"

namespace hyplora {
namespace {

constexpr size_t tokens_looked_at = 2048;

/// The first rows, of at most so many tokens.
std::vector<Example> first_rows(const std::vector<Example>& rows, size_t most) {
  std::vector<Example> first;
  size_t tokens = 0;
  for (const Example& row : rows) {
    tokens += row.ids.size();
    if (!first.empty() && tokens > most) break;
    first.push_back(row);
  }
  return first;
}

/// Beyond so many radii sinh(th)/th passes 30, and a few tokens carry most of a module's gradient.
constexpr double far_away = 6;

void warn_of_far_tokens(Transformer& model, const std::vector<Example>& rows) {
  std::vector<TokenDistances> far = token_distances(model, rows);
  std::erase_if(far, [](const TokenDistances& module) { return module.bends_to == 0 || module.largest < far_away; });
  if (far.empty()) return;
  const auto& most =
      *std::max_element(far.begin(), far.end(), [](const auto& a, const auto& b) { return a.largest < b.largest; });
  log::warn(
      "{} modules have tokens far outside their radius ({}: median {:.3g}, largest {:.3g} radii; sinh is held at {:.3g}): their gradients "
      "will be large; hyplora_variant bounded, with curvature \"auto\", keeps them small",
      far.size(), most.path, most.median, most.largest, most.bends_to);
}

}  // namespace

void settle_radii(Transformer& model, Adapters& adapters, const std::vector<Example>& rows, bool fresh) {
  if (!has_curvature(adapters.options())) return;
  const auto first = first_rows(rows, tokens_looked_at);
  try {
    if (fresh) calibrate_curvature(model, adapters, first);
    warn_of_far_tokens(model, first);
  } catch (const RunError&) {
    // A base whose values are not finite: the first step says so, with the module and the checkpoint that is kept.
  }
}

}  // namespace hyplora
