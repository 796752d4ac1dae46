#include "hyperbolic/variants.h"

#include <ATen/ops/scalar_tensor.h>

#include <cmath>
#include <set>

#include "support/support.h"

namespace hyplora {
namespace {

constexpr double curvatures[] = {1e-4, 0.1, 0.5, 1, 2, 10, 100, 710, 1000, 1e4};

/// docs/maths.md: K of the config's initial curvature.
double documented_K(const std::string& variant, double curvature) {
  if (variant != "release") return curvature;
  return std::log(1 + std::exp(std::min(curvature, 30.0))) + std::max(curvature - 30, 0.0) + 1e-6;
}

TEST_CASE("A variant's stored k stands for the documented K, which is finite wherever it starts", "[hyperbolic]") {
  for (const auto& variant : variants()) {
    for (const double curvature : curvatures) {
      INFO(variant.name << " " << curvature);
      REQUIRE(variant.can_start(curvature));
      const double k = variant.stored_k(curvature), K = variant.curvature_of(k);
      CHECK(std::isfinite(k));
      CHECK(K == Approx(documented_K(variant.name, curvature)).epsilon(1e-12));
    }
  }
}

TEST_CASE("Gates tell the same K and radius as their variant", "[hyperbolic]") {
  for (const auto& variant : variants()) {
    if (!variant.gates) continue;
    for (const double curvature : curvatures) {
      INFO(variant.name << " " << curvature);
      const at::Tensor k = at::scalar_tensor(variant.stored_k(curvature), at::kDouble), one = at::scalar_tensor(1, at::kDouble);
      const GateShape shape = variant.gates->shape({k, variant.gates->has_norm_scale() ? one : at::Tensor(), 5});
      CHECK(shape.K == Approx(variant.curvature_of(k.item<double>())).epsilon(1e-14));
      CHECK(std::isfinite(shape.radius));
      CHECK(shape.radius > 0);
    }
  }
}

TEST_CASE("Variants are told apart by their names and by how they were published", "[hyperbolic]") {
  std::set<std::string> names, spellings;
  size_t published = 0;
  for (const auto& variant : variants()) {
    names.insert(variant.name);
    CHECK(&find_variant(variant.name) == &variant);
    CHECK((variant.radius != nullptr) == (variant.gates != nullptr || variant.time_coordinates.has_value()));
    if (variant.published_as == nullptr) continue;
    spellings.insert(variant.published_as);
    ++published;
  }
  CHECK(names.size() == variants().size());
  CHECK(spellings.size() == published);
  CHECK_THAT(test::input_error([] { find_variant("poincare"); }), test::Contains("expected one of lorentz, bounded, release"));
}

TEST_CASE("A variant refuses curvatures at which its formula does not exist", "[hyperbolic]") {
  for (const char* name : {"lorentz", "bounded", "simplified"}) {
    CHECK_FALSE(find_variant(name).can_start(0));
    CHECK_FALSE(find_variant(name).can_start(-1));
  }
  for (const char* name : {"v1", "v1_rot"}) {
    CHECK_FALSE(find_variant(name).can_start(0));
    CHECK(find_variant(name).can_start(-1));
    CHECK(find_variant(name).curvature_of(-2) == 2);
  }
  CHECK(find_variant("release").can_start(-1));
}

}  // namespace
}  // namespace hyplora
