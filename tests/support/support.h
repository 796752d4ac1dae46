// What the tests share: places, temporary folders, tensors of golden files, comparison with a tolerance.
#pragma once

#include <ATen/core/Tensor.h>

#include <catch2/catch.hpp>
#include <string>

#include "io/safetensors.h"
#include "model/transformer.h"

namespace hyplora::test {

/// CHECK_THAT(text, Contains(part)) shows the text where it fails.
using Catch::Matchers::Contains;

/// A file or folder of the source tree.
fs::path in_source(const std::string& relative);
/// tests/golden of the source tree.
fs::path golden();
/// A file or folder of the shared test material beside the repository; skips by name (returns nothing) where it is absent.
std::optional<fs::path> shared(const std::string& relative);
/// The programs' folder of this build.
fs::path programs();
/// The library that is preloaded to make files fail (tests/faults).
std::string faults_library();

/// A folder of its own, removed with the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Largest |a - b|; infinite where the shapes differ or one side has a NaN that the other has not.
double largest_difference(const at::Tensor& a, const at::Tensor& b);

/// Values and all gradients of two functions agree on these inputs, for a random upstream gradient.
using TensorFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;
void check_same(const TensorFunction& ours, const TensorFunction& plain, std::vector<at::Tensor> inputs,
                double tolerance = 1e-10);

/// The sentence of the InputError that `act` throws; the test fails when it throws none.
template <class Act>
std::string input_error(Act act);

/// Runs a program with its arguments; exit status, stdout and stderr.
struct Ran {
  int status = -1;
  std::string out, err;
};
Ran run(const std::string& program, const std::vector<std::string>& arguments, const std::string& input = "");

/// log P(ids[from ..] | what stands before), by a whole forward pass.
double log_likelihood(const Transformer& model, const std::vector<int64_t>& ids, size_t from);

/// A small random LLaMA, the same for the same seed.
ModelSpec small_spec();
Transformer small_model(uint64_t seed, at::ScalarType dtype = at::kFloat, at::Device device = at::kCPU);

}  // namespace hyplora::test

#include "core/error.h"

namespace hyplora::test {

template <class Act>
std::string input_error(Act act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  FAIL("expected an InputError");
  return {};
}

}  // namespace hyplora::test
