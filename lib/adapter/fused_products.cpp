#include "adapter/fused_products.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>

#include "core/cpu_units.h"
#include "ops/blocks.h"
#include "ops/few_rows.h"
#include "ops/products.h"

namespace hyplora {
namespace {

at::Tensor column(const at::Tensor& scalars, at::ScalarType type) { return scalars.to(type).unsqueeze(1); }

}  // namespace

at::ScalarType product_type(const at::Tensor& x, bool wants_fp32) {
  if (!at::isReducedFloatingType(x.scalar_type())) return x.scalar_type();
  // For a few rows, rounding the adapter to the base's type would cost more than the product.
  const bool slow = x.device().is_cpu() && (!has_bf16_units() || x.size(0) <= 32);
  return slow || wants_fp32 ? at::kFloat : x.scalar_type();
}

void add_product(at::Tensor& y, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == y.scalar_type() && !ops::has_few_rows(a, b)) {
    y.addmm_(a, b.t());
  } else {
    y.add_(ops::frozen_product(a, b, {}));
  }
}

at::Tensor gram(const at::Tensor& B, Derived& kept) {
  return kept.of({B}, [&] {
    const at::NoGradGuard no_grad;
    const at::Tensor wide = B.to(at::kDouble);
    return at::mm(wide.t(), wide);
  });
}

at::Tensor row_norms(const at::Tensor& x) {
  const at::ScalarType type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor norms = at::empty({x.size(0)}, x.options().dtype(at::kDouble));
  ops::for_row_blocks(x, [&](int64_t first, int64_t count) {
    norms.narrow(0, first, count).copy_(at::linalg_vector_norm(x.narrow(0, first, count), 2, {-1}, false, type));
  });
  return norms;
}

void add_input_gradient(at::Tensor& dx, const at::Tensor& dz, const at::Tensor& A, const at::Tensor& weight,
                        const at::Tensor& dropped, const Mask& mask) {
  if (!mask.kept.defined()) {
    add_product(dx, dz, A.t());
    if (weight.defined()) dx.addcmul_(dropped.to(dx.scalar_type()), column(weight, dx.scalar_type()));
    return;
  }
  at::Tensor through = at::mm(dz, A);
  if (weight.defined()) through.addcmul_(dropped, column(weight, dz.scalar_type()));
  dx.add_(through.mul_(mask.kept), 1 / mask.share);
}

}  // namespace hyplora
