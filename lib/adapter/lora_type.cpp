// lora_type, the published scripts' spelling of a kind with its curvature: "hyplora-1.0" for example, or "std".
#include <algorithm>
#include <cmath>

#include "adapter/kinds.h"
#include "core/error.h"
#include "hyperbolic/variants.h"

namespace hyplora {
namespace {

std::string known_spellings() {
  std::string known = fmt::format("\"{}\"", plain_lora_type);
  for (const auto& row : variants()) {
    if (row.published_as != nullptr) known += fmt::format(", \"{}-<k>\"", row.published_as);
  }
  return known;
}

}  // namespace

Released released_as(const AdapterOptions& options) {
  const Kind& kind = kind_of(options);
  return kind.released != nullptr ? kind.released(options) : Released{std::nullopt, "the releases' scripts have no such kind"};
}

void apply_lora_type(const std::string& lora_type, AdapterOptions& options, const std::string& where) {
  if (lora_type == plain_lora_type) {
    options.adapter = lora_kind.name;
    return;
  }
  const size_t dash = lora_type.find('-');
  const std::string name = lora_type.substr(0, dash), number = dash == std::string::npos ? "1" : lora_type.substr(dash + 1);
  const auto row = std::find_if(variants().begin(), variants().end(),
                                [&](const Variant& v) { return v.published_as != nullptr && name == v.published_as; });
  char* end = nullptr;
  const double curvature = std::strtod(number.c_str(), &end);
  if (row == variants().end() || number.empty() || *end != '\0' || !std::isfinite(curvature)) {
    throw InputError("{}: lora_type: found \"{}\", expected one of {}; k is a number such as 1.0, which is also its default.",
                     where, lora_type, known_spellings());
  }
  options.adapter = hyplora_kind.name;
  options.hyplora_variant = row->name;
  options.curvature = curvature;
}

}  // namespace hyplora
