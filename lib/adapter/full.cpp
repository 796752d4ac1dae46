// "full": every weight of the model learns, and what is written is a checkpoint in the base folder's layout.
#include "adapter/kinds.h"
#include "io/safetensors.h"

namespace hyplora {
namespace {

std::vector<Parameter> take_all_weights(Transformer& model, const AdapterOptions&, at::Generator&) {
  std::vector<Parameter> all;
  for (auto& [name, weight] : model.named_weights()) all.push_back({name, weight, false});
  return all;
}

/// Config and tokenizer.
bool goes_along(const fs::path& file) {
  const std::string name = file.filename();
  return name == "tokenizer.model" || (name.ends_with(".json") && name.find("safetensors") == std::string::npos);
}

}  // namespace

void write_checkpoint(const fs::path& folder, const NamedTensors& weights, const fs::path& base_model) {
  for (const auto& entry : fs::directory_iterator(base_model)) {
    if (entry.is_regular_file() && goes_along(entry.path()))
      write_file(folder / entry.path().filename(), read_file(entry.path()));
  }
  write_safetensors(folder / full_kind.weights_file, weights, {{"format", "pt"}});
}

constinit const Kind full_kind = {.name = "full",
                                  .title = "all weights",
                                  .peft_type = "",
                                  .learns_all_weights = true,
                                  .weights_file = "model.safetensors",
                                  .not_a_matrix = "it is a whole checkpoint",
                                  .not_in_peft = "it is a whole checkpoint",
                                  .take_model = take_all_weights};

}  // namespace hyplora
