// target_modules, exclude_modules, layers_to_transform, rank_pattern and alpha_pattern, by PEFT's rules.
#include <algorithm>
#include <regex>

#include "adapter/adapter.h"
#include "adapter/patterns.h"
#include "core/error.h"

namespace hyplora {
namespace {

bool ends_as_module(const std::string& path, const std::string& suffix) {
  return path == suffix || path.ends_with("." + suffix);
}

std::regex compiled(const std::string& pattern, const char* key) {
  try {
    return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error&) {
    throw InputError("{}: \"{}\" is not a valid regular expression.", key, pattern);
  }
}

std::string known_suffixes(const std::vector<Linear*>& all) {
  std::vector<std::string> names;
  for (const Linear* linear : all) {
    const std::string name = linear->path.substr(linear->path.rfind('.') + 1);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<Linear*> picked_by_regex(const std::vector<Linear*>& all, const std::string& pattern) {
  const std::regex expression = compiled(pattern, "target_modules");
  std::vector<Linear*> picked;
  std::copy_if(all.begin(), all.end(), std::back_inserter(picked),
               [&](const Linear* l) { return std::regex_match(l->path, expression); });
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
    const std::regex expression = compiled(excluded.values.at(0), "exclude_modules");
    std::erase_if(picked, [&](const Linear* l) { return std::regex_match(l->path, expression); });
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
  std::vector<Linear*> picked = !targets.single                        ? picked_by_suffix(all, targets.values)
                                : targets.values.at(0) == "all-linear" ? all
                                                                       : picked_by_regex(all, targets.values[0]);
  if (options.layers_to_transform) keep_layers(picked, *options.layers_to_transform, model.spec().layers);
  if (options.exclude_modules) leave_out(picked, *options.exclude_modules);
  return picked;
}

bool pattern_matches(const std::string& pattern, const std::string& path) {
  return std::regex_match(path, compiled("(.*\\.)?(" + pattern + ")", "rank_pattern or alpha_pattern"));
}

}  // namespace hyplora
