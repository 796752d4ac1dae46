#include "adapter/derived.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>

#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("What follows from tensors is computed again when one of them is written to, and only then", "[adapter]") {
  int computed = 0;
  Derived sum;
  at::Tensor a = at::ones({2}), b = at::ones({2});
  const auto value = [&] { return sum.of({a, b}, [&] { return ++computed, a + b; }).sum().item<double>(); };
  CHECK(value() == 4);
  CHECK(value() == 4);
  CHECK(computed == 1);
  b.detach().mul_(3);
  CHECK(value() == 8);
  CHECK(computed == 2);
  a = at::ones({2}) * 2;  // another tensor, as unwritten as the last
  CHECK(value() == 10);
  CHECK(computed == 3);
}

}  // namespace
}  // namespace hyplora
