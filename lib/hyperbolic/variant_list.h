// The variants of HypLoRA, each one struct in a header of its own that holds all that is fixed in it; what runs over variants is
// made from these lists. A struct says (its members in this order):
//
//     name, text, published_as                 in the config, in help, in the published scripts' lora_type (null: not there)
//     radius, start                            words: of |y|'s radius (null: nothing bends), of the curvatures it can start at
//     has_units                                whether K = |x|^2/in puts a token of that |x| one radius out
//     starts_at_auto                           where curvature is not given: at auto; else at 1
//     learns_curvature                         where train_curvature is not given
//     can_start(curvature)                     whether the config's initial curvature is one
//     stored_k(curvature), curvature_of(k)     the k that is stored for it, and the K of the formula that a stored k stands for
//
// and then how it is computed: by gates (gates.h), or as the first release with so many time coordinates of B, or (no number) as
// LoRA. For the CPU and for CUDA: C++17.
#pragma once

#include "hyperbolic/bounded.h"
#include "hyperbolic/first_release.h"
#include "hyperbolic/lorentz.h"
#include "hyperbolic/release.h"
#include "hyperbolic/simplified.h"
#include "hyperbolic/tangent.h"

namespace hyplora {

template <class... Types>
struct TypeList {};

using GatedVariants = TypeList<Lorentz, Bounded, Release, Simplified>;
using OtherVariants = TypeList<V1, V1Rot, Tangent>;

}  // namespace hyplora
