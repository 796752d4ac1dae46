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

const TokenDistances& furthest(const std::vector<TokenDistances>& modules) {
  return *std::max_element(modules.begin(), modules.end(), [](const auto& a, const auto& b) { return a.largest < b.largest; });
}

void tell_curvatures(const Adapters& adapters, const std::vector<TokenDistances>& modules) {
  const auto K = adapters.curvature_summary();
  if (!K || modules.empty()) return;
  const TokenDistances& far = furthest(modules);
  log::info(
      "curvature \"auto\": K {:.3g} to {:.3g} over {} modules; their tokens' median is 1 radius, the furthest token {:.3g} ({})",
      (*K)[0], (*K)[2], modules.size(), far.largest, far.path);
}

void warn_of_far_tokens(std::vector<TokenDistances> modules) {
  std::erase_if(modules, [](const TokenDistances& module) { return module.bends_to == 0 || module.largest < far_away; });
  if (modules.empty()) return;
  const TokenDistances& most = furthest(modules);
  log::warn(
      "{} modules have tokens far outside their radius ({}: median {:.3g}, largest {:.3g} radii; sinh is held at {:.3g}): their gradients "
      "will be large; hyplora_variant bounded, with curvature \"auto\", keeps them small",
      modules.size(), most.path, most.median, most.largest, most.bends_to);
}

}  // namespace

void settle_radii(Transformer& model, Adapters& adapters, const std::vector<Example>& rows, bool fresh) {
  if (!has_curvature(adapters.options())) return;
  const auto first = first_rows(rows, tokens_looked_at);
  try {
    const InputNorms norms = input_norms(model, first);  // a fresh adapter changes nothing, and so not these
    if (fresh) calibrate_curvature(model, adapters, norms);
    const auto modules = token_distances(model, norms);
    if (fresh && adapters.options().curvature.is_auto) tell_curvatures(adapters, modules);
    warn_of_far_tokens(modules);
  } catch (const RunError&) {
    // A base whose values are not finite: the first step says so, with the module and the checkpoint that is kept.
  }
}

}  // namespace hyplora
