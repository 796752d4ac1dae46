// The LoRA that comes nearest to a hyperbolic adapter on calibration rows (linear_fit.h): an approximation, with its error on
// rows that were held back. It loads wherever LoRA does.
#pragma once

#include "adapter/adapter.h"
#include "data/examples.h"

namespace hyplora {

struct LinearizeOptions {
  fs::path base, adapter;
  std::vector<Example> calibration, heldout;
  std::optional<int64_t> rank;  // at most the adapter's; none: the adapter's
};

struct Linearization {
  /// |d - d'|/|d| over all tokens of the rows: d what the adapter adds, d' what the LoRA adds to the same input.
  struct Module {
    std::string path;
    int64_t rank = 0;
    double calibration_error = 0, heldout_error = 0;
  };
  std::vector<Module> modules;
  int64_t calibration_rows = 0, calibration_tokens = 0, heldout_rows = 0, heldout_tokens = 0;
  double base_loss = 0, hyperbolic_loss = 0, linear_loss = 0;  // mean token cross-entropy on the held-back rows

  Json to_json() const;
};

/// `model` is the base without adapters, and is left with the LoRA. Writes a LoRA folder in PEFT's layout with the errors in
/// hyplora.json and README.md. InputError: an adapter that is linear already or not hyperbolic, a rank above the adapter's.
Linearization linearize_adapter(Transformer& model, const LinearizeOptions& options, const fs::path& output);

}  // namespace hyplora
