// Elementwise work in blocks of rows that stay in a core's cache: a chain of tensor operations on [T, width] reads and writes
// memory once instead of once per operation. On another device than the CPU there is one block.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace hyplora::ops {

constexpr int64_t block_elements = 1 << 16;  // 256 KiB of fp32, a quarter of a server core's level-2 cache

/// Calls `work(first, count)` for all rows of `like` [T, width], blocks side by side on all threads, without autograd.
template <class Work>
void for_row_blocks(const at::Tensor& like, Work work) {
  const int64_t rows = like.size(0);
  if (!like.device().is_cpu()) {
    const at::NoGradGuard no_grad;
    work(int64_t{0}, rows);
    return;
  }
  const int64_t block = std::max<int64_t>(1, block_elements / std::max<int64_t>(1, like.size(1)));
  at::parallel_for(0, (rows + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t i = begin; i < end; ++i) work(i * block, std::min(block, rows - i * block));
  });
}

}  // namespace hyplora::ops
