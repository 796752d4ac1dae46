// The CPU kernels, each compiled for several sets of vector units: which of them run, and that all give the same numbers.
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <numeric>

#include "ops/decode_attention.h"
#include "ops/few_rows.h"
#include "ops/kernel_call.h"
#include "ops/kernels/decode_attention.h"
#include "ops/kernels/few_rows.h"
#include "ops/kernels/one_pass.h"
#include "ops/one_pass.h"
#include "support/support.h"

namespace hyplora::ops {
namespace {

/// The numbers that a kernel computes with each of the units that this machine has are within `most` of the baseline's.
template <class Kernel>
void check_near(double most, Kernel kernel) {
  const at::Tensor plain = kernel(CpuUnits::baseline);
  for (const CpuUnits units : {CpuUnits::avx2, CpuUnits::avx512, CpuUnits::avx512bf16}) {
    if (units > cpu_units()) continue;
    INFO(cpu_units_name(units));
    CHECK(test::largest_difference(kernel(units), plain) <= most);
  }
}

/// Calls test.operator()<float>(at::kFloat) and <Bf16>(at::kBFloat16).
template <class Test>
void for_numbers(Test test) {
  test.template operator()<float>(at::kFloat);
  test.template operator()<kernels::Bf16>(at::kBFloat16);
}

TEST_CASE("Products of a few rows are the same by any vector units", "[ops]") {
  for_numbers([]<class X>(at::ScalarType x_type) {
    for_numbers([&]<class W>(at::ScalarType w_type) {
      for (const int64_t tokens : {1, 2, 5, 6, 7, 13}) {
        const at::Tensor x = at::randn({tokens, 101}).to(x_type), weight = at::randn({23, 101}).to(w_type);
        check_near(1e-4, [&](CpuUnits units) {
          at::Tensor y = at::full({tokens, 23}, 0.5);
          const kernels::Product<X, W> product{numbers<X>(x), numbers<W>(weight), tokens, 101, 23, writable<float>(y), true};
          with_units(units, [&]<CpuUnits u>() { kernels::few_rows<u>(product, 0, 23); });
          return y;
        });
      }
    });
  });
}

TEST_CASE("Operations in one pass are the same by any vector units", "[ops]") {
  for_numbers([]<class T>(at::ScalarType type) {
    const double most = type == at::kFloat ? 1e-5 : 0.05;
    const at::Tensor x = at::randn({3, 74}).to(type), z = at::randn({3, 74}).to(type), y = at::empty({3, 74}, type);
    const auto check_rows = [&](const auto& rows) {
      check_near(most, [&](CpuUnits units) {
        with_units(units, [&]<CpuUnits u>() { kernels::one_pass<u>(rows, 0, 3); });
        return y.clone();
      });
    };
    at::Tensor scale = at::empty({3, 1});
    for (const bool other : {false, true}) {
      check_rows(kernels::NormRows<T>{numbers<T>(x), numbers<T>(z), writable<T>(y), writable<float>(scale), 74, 1e-6f, other});
      check_rows(kernels::GatedRows<T>{numbers<T>(x), numbers<T>(z), writable<T>(y), 74, other});
    }
    check_rows(kernels::RopeRows<T>{numbers<T>(x), numbers<T>(z), numbers<T>(z) + 3, writable<T>(y), 1, 37});
  });
}

TEST_CASE("Attention of a new token is the same by any vector units", "[ops]") {
  for_numbers([]<class T>(at::ScalarType type) {
    const at::Tensor q = at::randn({3, 48}), k = at::randn({37, 96}).to(type), v = at::randn({37, 96}).to(type);
    std::vector<int64_t> slots(37);
    std::iota(slots.rbegin(), slots.rend(), 0);
    std::vector<float> scores(37);
    check_near(1e-5, [&](CpuUnits units) {
      at::Tensor out = at::empty({3, 48});
      const kernels::SharedHead<T> head{
          numbers<float>(q), numbers<T>(k) + 48, numbers<T>(v) + 48, slots.data(), 37, 3, 48, 96, 0.3f, writable<float>(out)};
      with_units(units, [&]<CpuUnits u>() { kernels::attend_head<u>(head, scores.data()); });
      return out;
    });
  });
}

#if defined(__OPTIMIZE__) && (defined(__x86_64__) || defined(__aarch64__))
/// x^2 needs one bit more than fp32 has. Added to -x^2 rounded it leaves 2^-24 where the product is not rounded itself, else 0.
constexpr float inexact = 1 + 0x1p-12f, square = 1 + 0x1p-11f;

/// Whether the units that these kernels should run on multiply and add in one step; x86-64's baseline does not.
bool fuses() {
#ifdef __aarch64__
  return true;
#else
  return cpu_units() != CpuUnits::baseline;
#endif
}

/// [1, 32] of zeros but for two numbers that meet in the same lane.
at::Tensor pair(float first, float second) {
  at::Tensor x = at::zeros({1, 32});
  writable<float>(x)[0] = first;
  writable<float>(x)[16] = second;
  return x;
}

TEST_CASE("What runs is compiled for the units that are told, with their fused multiply-add", "[ops]") {
  const float rest = fuses() ? 0x1p-24f : 0;
  const at::Tensor q = pair(-square, inexact), k = pair(1, inexact);
  CHECK(few_rows_product(q, k).item<float>() == rest);

  // A score of 2^24 `rest` beside one of 0.
  const at::Tensor keys = at::cat({k, at::zeros({1, 32})}), values = at::cat({at::full({1, 32}, 1.0), at::zeros({1, 32})});
  const at::Tensor mixed = decode_attention(q, {{keys, values}}, {1, 1, 32, 0x1p24, 0});
  CHECK(mixed[0][0].item<double>() == Approx(1 / (1 + std::exp(fuses() ? -1.0 : 0.0))));

  const at::Tensor all = at::full({1, 32}, inexact), turn = at::full({1, 1, 16}, inexact);
  CHECK(std::abs(one_pass::rope(all, turn, turn)[0][0].item<float>()) == rest);
}
#endif

}  // namespace
}  // namespace hyplora::ops
