// DoRA (Liu et al. 2024, arXiv 2402.09353) as PEFT computes it: the rows of W + s B A are scaled to learned magnitudes m. With
// x~ = D x after dropout, N_i = |W_i + s B_i A| (detached) and c = m/N:
//
//     out = W x + b + (c - 1) * (W x~) + c * (s B A x~)
//     N_i^2 = |W_i|^2 + 2 s B_i . (W A^T)_i + s^2 B_i (A A^T) B_i^T           without forming W + s B A
//
// Backward, with v = W x~ + s B A x~ and h = c * g:   dm = sum g * v/N     dB = s h^T (A x~)     dz = s h B     dA = dz^T x~
//     dx = W^T g + D (W^T ((c - 1) * g) + dz A)
#pragma once

#include "adapter/dropout.h"
#include "model/linear.h"

namespace hyplora {

struct Dora {
  at::Tensor A;          // [r, in] fp32
  at::Tensor B;          // [out, r] fp32
  at::Tensor magnitude;  // [out] fp32
  double scale = 1;      // alpha/r, or alpha/sqrt(r)
};

/// |W_i|^2 of each row, [out] float64.
at::Tensor squared_row_norms(const at::Tensor& weight);

/// |W_i + s B_i A|, [out] in A's type.
at::Tensor dora_norms(const at::Tensor& weight, const at::Tensor& squared_norms, const Dora& adapter);

/// x [T, in] -> [T, out]; `norms` are dora_norms of the base's weight, `mask` is dropout's.
at::Tensor dora_linear(const at::Tensor& x, const Linear& base, const Dora& adapter, const at::Tensor& norms,
                       const Mask& mask = {});

/// The weight that computes the same without dropout: W'_i = m_i V_i/|V_i|, V = W + s B A, in fp32 on W's device.
at::Tensor merged_dora(const at::Tensor& weight, const Dora& adapter);

}  // namespace hyplora
