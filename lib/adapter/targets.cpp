// target_modules, exclude_modules, layers_to_transform, rank_pattern and alpha_pattern, by PEFT's rules.
#include <algorithm>

#include "adapter/adapter.h"
#include "adapter/patterns.h"
#include "core/error.h"
#include "text/pattern.h"

namespace hyplora {
namespace {

bool ends_as_module(const std::string& path, const std::string& suffix) {
  return path == suffix || path.ends_with("." + suffix);
}

/// For whole module paths; by PCRE2, which reads what Python's re does of what PEFT's configs hold.
Pattern path_pattern(const std::string& expression, const char* key, const char* before = "") {
  const Pattern alone(expression, key);  // "a)|(b" is one only inside of other brackets
  return Pattern(fmt::format("\\A{}(?:{})\\z", before, expression), key);
}

bool matches(const Pattern& pattern, const std::string& path) { return pattern.find(path, 0).has_value(); }

std::string known_suffixes(const std::vector<Linear*>& all) {
  std::vector<std::string> names;
  for (const Linear* linear : all) {
    const std::string name = linear->path.substr(linear->path.rfind('.') + 1);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<Linear*> picked_by_regex(const std::vector<Linear*>& all, const std::string& pattern) {
  const Pattern expression = path_pattern(pattern, "target_modules");
  std::vector<Linear*> picked;
  std::copy_if(all.begin(), all.end(), std::back_inserter(picked),
               [&](const Linear* l) { return matches(expression, l->path); });
  if (picked.empty()) {
    throw InputError("target_modules: the expression \"{}\" matches no module; a module path looks like {}.", pattern,
                     all[0]->path);
  }
  return picked;
}

std::vector<Linear*> picked_by_suffix(const std::vector<Linear*>& all, const std::vector<std::string>& suffixes) {
  if (suffixes.empty()) throw InputError("target_modules: the list is empty; the model has {}.", known_suffixes(all));
  for (const auto& suffix : suffixes) {
    if (std::none_of(all.begin(), all.end(), [&](const Linear* l) { return ends_as_module(l->path, suffix); })) {
      throw InputError("target_modules: \"{}\" matches no module; the model has {}.", suffix, known_suffixes(all));
    }
  }
  std::vector<Linear*> picked;
  std::copy_if(all.begin(), all.end(), std::back_inserter(picked), [&](const Linear* l) {
    return std::any_of(suffixes.begin(), suffixes.end(), [&](const std::string& s) { return ends_as_module(l->path, s); });
  });
  return picked;
}

int64_t layer_of(const Linear& linear) {
  constexpr std::string_view key = "layers.";
  return std::stoll(linear.path.substr(linear.path.find(key) + key.size()));
}

void keep_layers(std::vector<Linear*>& picked, const std::vector<int64_t>& wanted, int64_t layers) {
  for (const int64_t layer : wanted) {
    if (layer >= layers) throw InputError("layers_to_transform: found {}, the model has layers 0 to {}.", layer, layers - 1);
  }
  std::erase_if(picked, [&](const Linear* l) { return std::find(wanted.begin(), wanted.end(), layer_of(*l)) == wanted.end(); });
  if (picked.empty()) throw InputError("layers_to_transform: the list is empty; null means all layers.");
}

void leave_out(std::vector<Linear*>& picked, const StringOrList& excluded) {
  if (excluded.single) {
    const Pattern expression = path_pattern(excluded.values.at(0), "exclude_modules");
    std::erase_if(picked, [&](const Linear* l) { return matches(expression, l->path); });
  } else {
    std::erase_if(picked, [&](const Linear* l) {
      return std::any_of(excluded.values.begin(), excluded.values.end(),
                         [&](const auto& s) { return ends_as_module(l->path, s); });
    });
  }
  if (picked.empty()) throw InputError("exclude_modules: nothing that target_modules picks is left.");
}

}  // namespace

std::vector<Linear*> target_linears(Transformer& model, const AdapterOptions& options) {
  const auto all = model.linears();
  const StringOrList& targets = options.target_modules;
  if (targets.values.empty() && !options.ends.targets.empty()) return {};  // embedding and head alone
  std::vector<Linear*> picked = !targets.single                        ? picked_by_suffix(all, targets.values)
                                : targets.values.at(0) == "all-linear" ? all
                                                                       : picked_by_regex(all, targets.values[0]);
  if (options.layers_to_transform) keep_layers(picked, *options.layers_to_transform, model.spec().layers);
  if (options.exclude_modules) leave_out(picked, *options.exclude_modules);
  return picked;
}

void require_patterns_match(Transformer& model, const AdapterOptions& options) {
  const auto all = model.linears();
  const auto require = [&](const char* key, const std::string& text, const std::function<bool(const std::string&)>& fits) {
    if (std::any_of(all.begin(), all.end(), [&](const Linear* l) { return fits(l->path); })) return;
    throw InputError("{}: \"{}\" matches no module; a module path looks like {}.", key, text, all[0]->path);
  };
  const auto require_keys = [&](const char* key, const auto& patterns) {
    for (const auto& entry : patterns)
      require(key, entry.first, [&](const std::string& path) { return pattern_matches(entry.first, path); });
  };
  require_keys("rank_pattern", options.rank_pattern);
  require_keys("alpha_pattern", options.alpha_pattern);
  if (!options.exclude_modules) return;
  for (const auto& name : options.exclude_modules->values) {
    const bool is_expression = options.exclude_modules->single;
    require("exclude_modules", name, [&](const std::string& path) {
      return is_expression ? matches(path_pattern(name, "exclude_modules"), path) : ends_as_module(path, name);
    });
  }
}

bool pattern_matches(const std::string& pattern, const std::string& path) {
  return matches(path_pattern(pattern, "rank_pattern or alpha_pattern", "(?:.*\\.)?"), path);
}

}  // namespace hyplora
