// gates.cu, compiled for the host, against the CPU's loop: the same arithmetic in the same order, so that every bit is the same.
#include "hyperbolic/gates.h"

#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>

#include "hyperbolic/variants.h"
#include "support/cuda_on_host.h"
#include "support/devices.h"
#include "support/support.h"

namespace hyplora {
namespace {

struct Case {
  int64_t tokens, rank;
  at::ScalarType type;
};

/// What the three passes give for random tokens; what they do not write stays NaN.
std::vector<at::Tensor> passed(const Gates& gates, const Case& c, at::Device device) {
  at::Generator random = at::detail::createCPUGenerator(1);
  const auto wide = at::TensorOptions(at::kDouble).device(device), narrow = wide.dtype(c.type);
  const auto normal = [&](at::IntArrayRef sizes) { return at::randn(sizes, random, at::kDouble); };
  const auto room = [&](at::IntArrayRef sizes, const at::TensorOptions& options) { return at::full(sizes, NAN, options); };
  const GateScalars scalars{at::scalar_tensor(0.3, wide), gates.has_norm_scale() ? at::scalar_tensor(2.0, wide) : at::Tensor(),
                            64};
  const at::Tensor norms = (at::rand({c.tokens}, random, at::kDouble) * 20).to(device),
                   z = normal({c.tokens, c.rank}).to(narrow), B = normal({40, c.rank}),
                   P = normal({c.tokens, c.rank}).to(narrow), G = at::mm(B.t(), B);
  const at::Tensor records = room({c.tokens, gate_record}, wide), u = room({c.tokens, c.rank}, wide),
                   scaled = room({c.tokens, c.rank}, narrow), dz = room({c.tokens, c.rank}, narrow),
                   weight = room({c.tokens}, wide), again = room({c.tokens, c.rank}, wide),
                   eta_u = room({c.tokens, c.rank}, wide), sums = room({c.tokens, 2}, wide);
  gates.enter({norms, z, records, u}, scalars);
  const at::Tensor Gu = at::mm(u.cpu(), G).to(device);
  gates.leave({u, Gu, 2.0, records, scaled}, scalars);
  gates.back({P, z, Gu, records, 2.0, dz, weight, again, eta_u, sums});
  std::vector<at::Tensor> all;
  for (const at::Tensor& made : {records, u, scaled, dz, weight, again, eta_u, sums}) all.push_back(made.cpu());
  return all;
}

void check_same_bits(const Variant& variant, const Case& c) {
  INFO(variant.name << ", " << c.tokens << " tokens, rank " << c.rank << ", " << at::toString(c.type));
  const auto ours = passed(*variant.gates, c, test::pretend_device()), want = passed(*variant.gates, c, at::kCPU);
  for (size_t i = 0; i < want.size(); ++i) CHECK(ours[i].equal(want[i]));
}

TEST_CASE("The CUDA kernels give the CPU's bits, for all types and odd sizes, whichever thread runs first", "[hyperbolic]") {
  for (const Variant& variant : variants()) {
    if (variant.gates == nullptr) continue;
    for (const auto order : {test::ThreadOrder::forward, test::ThreadOrder::backward, test::ThreadOrder::shuffled}) {
      test::thread_order() = order;
      for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble}) check_same_bits(variant, {65, 8, type});
      for (const int64_t tokens : {0, 1, 63, 64, 129}) check_same_bits(variant, {tokens, 3, at::kFloat});
      for (const int64_t rank : {1, 256}) check_same_bits(variant, {7, rank, at::kBFloat16});
    }
    test::thread_order() = test::ThreadOrder::forward;
    check_same_bits(variant, {4097, 2, at::kFloat});
  }
}

TEST_CASE("A kernel starts where its tensors lie, not on the current device, and not for nothing", "[hyperbolic]") {
  const Gates& gates = *find_variant("lorentz").gates;
  const c10::DeviceGuard other(test::pretend_device(0));
  test::reset_device_counts();
  CHECK(passed(gates, {5, 2, at::kFloat}, test::pretend_device(1)).size() == 8);  // else it would have ended the process
  CHECK(test::device_counts().kernels == 3);
  passed(gates, {0, 2, at::kFloat}, test::pretend_device(1));
  CHECK(test::device_counts().kernels == 3);
}

}  // namespace
}  // namespace hyplora
