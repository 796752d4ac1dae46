#include "adapter/adapter_tensors.h"

#include <algorithm>
#include <optional>

#include "core/error.h"

namespace hyplora {
namespace {

using Segments = std::vector<std::string>;

Segments split(const std::string& name) {
  Segments segments;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    segments.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

std::string joined(Segments::const_iterator begin, Segments::const_iterator end) {
  return fmt::format("{}", fmt::join(begin, end, "."));
}

bool is_wrapper(const std::string& segment) {
  return segment == "module" || segment == "_orig_mod" || segment == "_fsdp_wrapped_module" ||
         segment == "_checkpoint_wrapped_module";
}

/// A trained tensor of a module, as files name it and as it is called here.
struct Part {
  const char *stored, *name;
  bool is_weight;  // of a module inside: its name ends with .weight
};
constexpr Part parts[] = {
    {"lora_A", "lora_A", true},
    {"lora_B", "lora_B", true},
    {"adapter_down", "adapter_down", true},
    {"adapter_up", "adapter_up", true},
    {"lora_magnitude_vector", "lora_magnitude_vector", false},
    {"lora_k", "lora_k", false},
    {"lora_norm_scale", "lora_norm_scale", false},
    {"k", "lora_k", false},
    {"norm_scale", "lora_norm_scale", false},
};

/// What follows a part's name: an adapter's name or nothing, then "weight" or nothing.
bool ends_well(const Part& part, Segments::const_iterator begin, Segments::const_iterator end) {
  const bool has_weight = begin != end && *(end - 1) == "weight";
  const auto names = end - begin - (has_weight ? 1 : 0);
  if (part.is_weight) return has_weight && names <= 1;
  return names <= 1 && (names == 0 || *begin != "bias");
}

/// The same of embedding and head.
constexpr Part end_parts[] = {
    {"lora_A", "lora_A.weight", true},
    {"lora_B", "lora_B.weight", true},
    {"lora_embedding_A", "lora_embedding_A", false},
    {"lora_embedding_B", "lora_embedding_B", false},
    {"base_layer", "base_layer.weight", true},
    {"modules_to_save", "weight", true},
};

/// A name in its three pieces.
struct Pieces {
  Segments place;      // before the module, wrappers taken away
  std::string module;  // layers.0.self_attn.q_proj, embed_tokens or lm_head
  std::string part;    // lora_A.weight
};

/// Of a tensor of embedding or head.
std::optional<Pieces> pieces_of_end(const Segments& segments) {
  const auto begin = segments.begin(), end = segments.end();
  const auto module = std::find_if(begin, end, [](const auto& s) { return s == "embed_tokens" || s == "lm_head"; });
  if (module == end || module + 1 == end) return std::nullopt;
  if (module + 2 == end && module[1] == "weight") return Pieces{{begin, module}, *module, "weight"};
  for (const Part& part : end_parts) {
    if (module[1] == part.stored && ends_well(part, module + 2, end)) return Pieces{{begin, module}, *module, part.name};
  }
  return std::nullopt;
}

std::optional<Pieces> pieces_of(const std::string& stored) {
  Segments segments = split(stored);
  std::erase_if(segments, is_wrapper);
  const auto begin = std::as_const(segments).begin(), end = std::as_const(segments).end();
  const auto layers = std::find(begin, end, "layers");
  for (auto position = layers; position != end; ++position) {
    for (const Part& part : parts) {
      if (*position != part.stored || !ends_well(part, position + 1, end)) continue;
      return Pieces{{begin, layers}, joined(layers, position), std::string(part.name) + (part.is_weight ? ".weight" : "")};
    }
  }
  return layers == end ? pieces_of_end(segments) : std::nullopt;
}

/// Takes PEFT's prefix off, however often it stands there, and repetitions of a wrapper called "model".
void strip_prefixes(Segments& place) {
  while (place.size() >= 2 && place[0] == "base_model" && place[1] == "model") place.erase(place.begin(), place.begin() + 2);
  place.erase(std::unique(place.begin(), place.end()), place.end());
}

bool is_decoder(const Segments& place) {
  return std::all_of(place.begin(), place.end(), [](const auto& s) { return s == "model" || s == "language_model"; });
}

}  // namespace

std::string clean_adapter_name(const std::string& stored) {
  auto pieces = pieces_of(stored);
  if (!pieces) return stored;
  Segments& place = pieces->place;
  strip_prefixes(place);
  if (place.empty() && pieces->module != "lm_head") place = {"model"};
  place.push_back(pieces->module);
  return fmt::format("base_model.model.{}.{}", fmt::join(place, "."), pieces->part);
}

std::string adapter_place(const std::string& name) {
  auto pieces = pieces_of(name);
  if (!pieces) return name;
  strip_prefixes(pieces->place);
  return is_decoder(pieces->place) ? pieces->module + "." + pieces->part : name;
}

std::vector<std::string> names_in_order(const Safetensors& file) {
  std::vector<std::string> names;
  for (const auto& [name, info] : file.tensors()) names.push_back(name);
  std::stable_sort(names.begin(), names.end(),
                   [&](const auto& a, const auto& b) { return file.tensors().at(a).begin < file.tensors().at(b).begin; });
  return names;
}

AdapterTensors AdapterTensors::open(const fs::path& folder, const std::string& name) {
  const fs::path path = folder / name;
  if (!fs::exists(path) && fs::exists(folder / "adapter_model.bin")) {
    throw InputError(
        "{}: is a pickle, which is not read here; expected adapter_model.safetensors (in PEFT: save_pretrained with "
        "safe_serialization=True).",
        (folder / "adapter_model.bin").string());
  }
  AdapterTensors tensors(Safetensors::open(path));
  for (const auto& [stored, info] : tensors.file_.tensors()) {
    const auto [first, is_new] = tensors.stored_.emplace(adapter_place(stored), stored);
    if (!is_new) {
      throw InputError("{}: tensors {} and {} belong to the same place; save each adapter into a file of its own.",
                       path.string(), first->second, stored);
    }
  }
  if (tensors.stored_.empty()) throw InputError("{}: holds no tensors.", path.string());
  return tensors;
}

at::Tensor AdapterTensors::tensor(const std::string& name) const {
  const auto position = stored_.find(adapter_place(name));
  return file_.tensor(position == stored_.end() ? name : position->second);
}

}  // namespace hyplora
