// The variants of HypLoRA (variant_list.h) as rows, for those who are told a variant's name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hyperbolic/gates.h"

namespace hyplora {

struct Variant {
  const char* name;                         // config key `hyplora_variant`
  const char* text;                         // in a phrase
  const char* published_as;                 // lora_type of the published scripts; null: they have none such
  const char* radius;                       // |y| is told in units of it; null: nothing bends, and it is LoRA
  const char* start;                        // what its curvature can start at, in words
  bool has_units;                           // K can be set so that a given |x| is one radius: |x|^2/in = K
  bool starts_at_auto, learns_curvature;    // where the config does not say
  bool (*can_start)(double curvature);      // the config's initial curvature
  double (*stored_k)(double curvature);     // `lora_k` for it
  double (*curvature_of)(double k);         // K as the formula has it, of a stored k
  std::shared_ptr<const Gates> gates;       // null: it has none
  std::optional<int64_t> time_coordinates;  // of B, in the first release's form

  /// The first release never saved k and norm_scale; its own files call them .k and .norm_scale.
  bool is_first_release() const { return time_coordinates.has_value(); }
};

/// All variants, in the order of variant_list.h.
const std::vector<Variant>& variants();
std::vector<std::string> variant_names();
/// The variant of this name; InputError for another name.
const Variant& find_variant(const std::string& name);

}  // namespace hyplora
