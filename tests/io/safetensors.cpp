#include "io/safetensors.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>

#include <chrono>
#include <cstring>
#include <random>

#include "io/checkpoint.h"
#include "support/support.h"

namespace hyplora {
namespace {

/// A file of a given header and so many data bytes.
fs::path make_file(const test::TempFolder& folder, const std::string& header, size_t data_bytes) {
  std::string bytes(8, '\0');
  const uint64_t size = header.size();
  std::memcpy(bytes.data(), &size, 8);
  write_file(folder / "t.safetensors", bytes + header + std::string(data_bytes, 'x'));
  return folder / "t.safetensors";
}

std::string refusal(const std::string& header, size_t data_bytes) {
  const test::TempFolder folder;
  const fs::path path = make_file(folder, header, data_bytes);
  const std::string sentence = test::input_error([&] { Safetensors::open(path); });
  CHECK(sentence.starts_with(path.string() + ": "));
  return sentence.substr(path.string().size() + 2);
}

TEST_CASE("Tensors of every type that LibTorch has are written and read back", "[io]") {
  const test::TempFolder folder;
  NamedTensors tensors;
  for (const auto type :
       {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
    tensors.emplace_back(toString(type), at::arange(6, at::kFloat).reshape({2, 3}).to(type));
  }
  for (const auto type : {at::ScalarType::UInt16, at::ScalarType::UInt32, at::ScalarType::UInt64, at::ScalarType::Float8_e4m3fn,
                          at::ScalarType::Float8_e5m2}) {
    tensors.emplace_back(toString(type), at::zeros({3}, at::kFloat).to(type));
  }
  tensors.emplace_back("scalar", at::zeros({}, at::kFloat));
  tensors.emplace_back("none", at::zeros({0, 4}, at::kFloat));
  write_safetensors(folder / "all.safetensors", tensors, {{"format", "pt"}});
  const Safetensors file = Safetensors::open(folder / "all.safetensors");
  CHECK(file.metadata().at("format") == "pt");
  CHECK(file.tensors().size() == tensors.size());
  for (const auto& [name, tensor] : tensors) {
    INFO(name);
    CHECK(file.tensor(name).scalar_type() == tensor.scalar_type());
    CHECK(file.tensor(name).sizes() == tensor.sizes());
    CHECK(test::largest_difference(file.tensor(name).to(at::kDouble), tensor.to(at::kDouble)) == 0);
  }
}

TEST_CASE("Time to write grows with the number of tensors, not with its square", "[io]") {
  const test::TempFolder folder;
  const auto seconds = [&](int64_t count) {
    NamedTensors tensors;
    for (int64_t i = 0; i < count; ++i)
      tensors.emplace_back("model.layers." + std::to_string(i) + ".weight", at::zeros({0}, at::kFloat));
    const auto start = std::chrono::steady_clock::now();
    write_safetensors(folder / "many.safetensors", tensors);
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    CHECK(Safetensors::open(folder / "many.safetensors").tensors().size() == tensors.size());
    return took;
  };
  const double few = seconds(5'000), many = seconds(50'000);
  CHECK(many < 60 * few);  // a square would be 100 times
}

TEST_CASE("A header that lies is refused with what is wrong", "[io]") {
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4) ==
        "the file is truncated: found 4 bytes of tensors, expected 8.");
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 12) ==
        "found 12 bytes of tensors, expected 8: bytes at the end belong to no tensor.");
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8) ==
        "tensor a: found 8 bytes, expected 12 for its shape and type.");
  CHECK(refusal(R"({"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}})", 8)
            .starts_with("tensor a: found dtype \"F99\", expected"));
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8)
            .starts_with("tensor a: found shape [-2], expected"));
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8).starts_with("tensor a: found -8 bytes"));
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", 8)
            .starts_with("tensor a: found data_offsets [0], expected"));
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2]}})", 8).starts_with("tensor a: found an incomplete entry"));
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,8]}})", 8) ==
        "tensor a: its shape overflows.");
  CHECK(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                6) == "tensor b: its data begins at byte 2, expected 4 (it overlaps the tensor before it).");
  CHECK(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}})",
                10) == "tensor b: its data begins at byte 6, expected 4 (there is a gap after the tensor before it).");
  CHECK(
      refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1)
          .find("found key \"a\" twice") != std::string::npos);
  CHECK(refusal(R"({"__metadata__":{"a":1}})", 0) == "__metadata__: expected an object of strings.");
  CHECK(refusal("not json", 0).starts_with("the header is not a JSON object"));
  CHECK(refusal("[]", 0).starts_with("the header is not a JSON object"));
}

TEST_CASE("A file too short for its header is refused", "[io]") {
  const test::TempFolder folder;
  const auto refused = [&](const std::string& bytes) {
    write_file(folder / "f", bytes);
    return test::input_error([&] { Safetensors::open(folder / "f"); });
  };
  CHECK_THAT(refused(""), test::Contains("found 0 bytes, expected a safetensors file"));
  CHECK_THAT(refused("abc"), test::Contains("found 3 bytes"));
  CHECK_THAT(refused(std::string(16, '\xff')), test::Contains("the header claims"));
  CHECK_THAT(test::input_error([&] { Safetensors::open(folder / "missing"); }), test::Contains("cannot be read"));
  CHECK_THAT(test::input_error([&] { Safetensors::open(folder.path()); }), test::Contains("expected a file"));
}

TEST_CASE("Damage anywhere in a file is refused or harmless, never a crash", "[io]") {
  const test::TempFolder folder;
  write_safetensors(folder / "good", {{"a", at::arange(8, at::kFloat)}, {"b", at::arange(4, at::kLong).reshape({2, 2})}});
  const std::string good = read_file(folder / "good");
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = good;
    for (int n = 1 + static_cast<int>(random() % 4); n > 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    write_file(folder / "bad", bytes);
    try {
      const Safetensors file = Safetensors::open(folder / "bad");
      for (const auto& [name, info] : file.tensors()) file.tensor(name).to(at::kFloat).sum();
    } catch (const InputError&) {
      ++refused;
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("A tensor whose bytes are not aligned is still read", "[io]") {
  const test::TempFolder folder;
  const fs::path path = make_file(
      folder, R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
      5);
  const Safetensors file = Safetensors::open(path);
  CHECK(file.tensor("b").numel() == 1);
  CHECK(file.tensor("b").item<float>() == Approx(std::bit_cast<float>(0x78787878)));
}

TEST_CASE("A tensor outlives the file object it came from", "[io]") {
  const test::TempFolder folder;
  write_safetensors(folder / "f", {{"a", at::arange(3, at::kFloat)}});
  const at::Tensor tensor = Safetensors::open(folder / "f").tensor("a");
  fs::remove(folder / "f");
  CHECK(tensor.sum().item<float>() == 3);
}

TEST_CASE("Shards are found through the index, and a wrong index is refused", "[io]") {
  const test::TempFolder folder;
  write_safetensors(folder / "one.safetensors", {{"a", at::arange(3, at::kFloat)}});
  write_safetensors(folder / "two.safetensors", {{"b", at::arange(4, at::kFloat)}});
  const auto open_with = [&](const char* map) {
    write_file(folder / "model.safetensors.index.json", std::string("{\"weight_map\":") + map + "}");
    return CheckpointFiles::open(folder.path());
  };
  const auto files = open_with(R"({"a":"one.safetensors","b":"two.safetensors"})");
  CHECK(files.names() == std::vector<std::string>{"a", "b"});
  CHECK(files.total_bytes() == 28);
  CHECK(test::input_error([&] {
          open_with(R"({"a":"two.safetensors","b":"one.safetensors"})");
        }).find("where the index puts it") != std::string::npos);
  CHECK(test::input_error([&] { open_with(R"({"a":"gone.safetensors"})"); }).find("gone.safetensors: cannot be read") !=
        std::string::npos);
  CHECK(test::input_error([&] { open_with(R"({"a":"../one.safetensors"})"); }).find("expected a file name") !=
        std::string::npos);
  CHECK_THAT(test::input_error([&] { open_with("3"); }), test::Contains("weight_map"));
}

}  // namespace
}  // namespace hyplora
