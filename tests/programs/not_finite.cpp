// Programs over weights, adapters and types that make values which are not finite.
#include <ATen/TensorOperators.h>

#include <cmath>

#include "adapter/material.h"
#include "model/load.h"
#include "programs/sentences.h"

namespace hyplora {
namespace {

using test::check_sentence;
using test::run;
using Words = std::vector<std::string>;

const fs::path bundled = test::in_source("data/model");
const std::string problems = test::in_source("data/word_problems.json").string();
const std::string overflows = "not finite; the first value that is not finite comes out of module model.layers.0.mlp.up_proj";

/// The bundled model as the same function with larger numbers inside: float32 holds them, float16 does not.
class Place {
 public:
  Place() {
    const Safetensors weights = Safetensors::open(bundled / "model.safetensors");
    NamedTensors made;
    for (const auto& [name, info] : weights.tensors()) {
      at::Tensor value = weights.tensor(name).clone();
      if (name.ends_with("mlp.up_proj.weight")) value = value * 32768;
      if (name.ends_with("mlp.down_proj.weight")) value = value / 32768;
      made.emplace_back(name, value);
    }
    write_safetensors(folder_ / "model.safetensors", made, {{"format", "pt"}});
    for (const char* name : {"config.json", "generation_config.json", "tokenizer.model", "tokenizer_config.json"})
      fs::copy_file(bundled / name, folder_ / name);
    write_file(folder_ / "boolq.json",
               R"([{"instruction":"Is water wet?","input":"","output":"the correct answer is true","answer":"true"}])");
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  std::string model() const { return folder_.path().string(); }
  /// A folder `adapter` with this number all over its first matrix.
  void write_adapter(AdapterOptions options, float value) const {
    options.target_modules = {{"q_proj"}, false};
    Transformer model = load_model(bundled, read_model_spec(bundled), {});
    const Adapters adapters = Adapters::attach(model, options, 1);
    const at::NoGradGuard no_grad;
    adapters.trained().front().value.fill_(value);
    fs::create_directories(folder_ / "adapter");
    adapters.save(folder_ / "adapter", "base");
  }

 private:
  test::TempFolder folder_;
};

TEST_CASE("A type that is too narrow for a model ends an evaluation with the first module that overflows", "[programs]") {
  const Place place;
  const auto eval = [&](const std::string& dtype, Words more) {
    more.insert(more.end(), {"--model", place.model(), "--dtype", dtype, "--limit", "2", "--quiet"});
    return run("hyplora-eval", more);
  };
  const Words generation{"--data", problems, "--benchmark", "gsm8k", "--max-new-tokens", "4"};
  const Words loss{"--data", problems, "--benchmark", "loss"};
  const Words likelihood{"--data", place.at("boolq.json"), "--scoring", "likelihood"};
  for (const Words& kind : {generation, loss, likelihood}) {
    INFO(kind.back());
    CHECK(eval("float32", kind).status == 0);
    check_sentence(eval("float16", kind), 1, overflows);
  }
}

TEST_CASE("A type that is too narrow for a model ends a completion with the first module that overflows", "[programs]") {
  const Place place;
  const auto generate = [&](const std::string& dtype, Words more) {
    more.insert(more.end(),
                {"--model", place.model(), "--dtype", dtype, "--prompt", "2 + 3 =", "--max-new-tokens", "4", "--quiet"});
    return run("hyplora-generate", more);
  };
  for (const Words& how : {Words{}, Words{"--beams", "3"}, Words{"--temperature", "0.7"}}) {
    INFO(how.size());
    CHECK(generate("float32", how).status == 0);
    check_sentence(generate("float16", how), 1, overflows);
  }
}

TEST_CASE("An analysis or a merge of values that are not finite fails and writes nothing", "[programs]") {
  const Place place;
  const auto adapter = [&](Words words) {
    words.insert(words.end(), {"--model", place.model(), "--adapter", place.at("adapter"), "--dtype", "float16", "--output",
                               place.at("out"), "--quiet"});
    INFO(words.front());
    check_sentence(run("hyplora-adapter", words), 1, overflows);
    CHECK((!fs::exists(place.at("out")) || fs::is_empty(place.at("out"))));
  };
  place.write_adapter(test::kind("lora"), 0.01f);
  adapter({"merge"});
  place.write_adapter(test::kind("hyplora"), 0.01f);
  adapter({"linearize", "--data", problems, "--rows", "2", "--heldout", "1"});
  adapter({"report", "--data", problems, "--rows", "2"});
}

TEST_CASE("An adapter that holds values that are not finite is refused with file and tensor", "[programs]") {
  const Place place;
  for (const float value : {NAN, INFINITY}) {
    place.write_adapter(test::kind("lora"), value);
    const auto refused = [&](const std::string& program, Words words) {
      words.insert(words.end(), {"--adapter", place.at("adapter"), "--quiet"});
      INFO(program << " " << words.front());
      const auto ran = run(program, words);
      check_sentence(ran, 2,
                     "adapter_model.safetensors: tensor base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
      CHECK_THAT(ran.err, test::Contains("not finite"));
    };
    refused("hyplora-eval", {"--data", problems, "--benchmark", "loss", "--limit", "1", "--model", place.model()});
    refused("hyplora-generate", {"--prompt", "2", "--model", place.model()});
    refused("hyplora-adapter", {"merge", "--output", place.at("out"), "--model", place.model()});
    refused("hyplora-adapter", {"convert", "--to", "peft", "--output", place.at("out")});
    CHECK(!fs::exists(place.at("out")));
  }
}

}  // namespace
}  // namespace hyplora
