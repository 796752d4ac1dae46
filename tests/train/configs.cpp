// The configs of the paper's tables: each loads, says only what differs from the defaults, and is what its name says.
#include <map>

#include "support/support.h"
#include "train/options.h"

namespace hyplora {
namespace {

struct Named {
  std::string base_model, prompt_template;
};
const std::map<std::string, Named> models = {
    {"llama-7b", {"models/llama-7b-hf", "alpaca"}},    {"llama-13b", {"models/llama-13b-hf", "alpaca"}},
    {"gemma-7b", {"models/gemma-7b", "gemma"}},        {"llama-3-8b", {"models/Meta-Llama-3-8B-Instruct", "llama3"}},
    {"gemma-3-4b", {"models/gemma-3-4b-it", "gemma"}}, {"qwen2.5-7b", {"models/Qwen2.5-7B-Instruct-1M", "qwen"}},
};
const std::map<std::string, std::string> data_files = {{"math_10k", "data/math_10k.json"},
                                                       {"commonsense", "data/commonsense_170k.json"}};
const std::vector<std::string> methods = {"lora", "dora", "hyplora-bounded", "hyplora-release", "hyplora-simplified"};

fs::path config_file(const std::string& data, const std::string& model, const std::string& method) {
  return test::in_source("configs") / data / (model + "-" + method + ".json");
}

template <class Check>
void for_each_config(Check check) {
  for (const auto& [data, rows] : data_files) {
    for (const auto& [model, named] : models) {
      for (const auto& method : methods) {
        INFO(config_file(data, model, method).string());
        check(data, model, method);
      }
    }
  }
}

std::string method_of(const AdapterOptions& o) {
  return o.adapter == "hyplora" ? o.adapter + "-" + o.hyplora_variant : o.adapter;
}

TEST_CASE("There is one config for each row of the paper's tables, 60 in all, and no other", "[train]") {
  size_t found = 0;
  for (const auto& entry : fs::recursive_directory_iterator(test::in_source("configs"))) {
    found += entry.path().extension() == ".json";
  }
  CHECK(found == 60);
  for_each_config([](const auto& data, const auto& model, const auto& method) {
    CHECK(fs::is_regular_file(config_file(data, model, method)));
  });
}

TEST_CASE("Every published config loads and is what its name says", "[train]") {
  for_each_config([](const auto& data, const auto& model, const auto& method) {
    const fs::path file = config_file(data, model, method);
    TrainOptions o;
    REQUIRE_NOTHROW(o = read_train_options({read_json(file), file.string(), {}, {}}));
    CHECK(method_of(o.adapter) == method);
    CHECK(o.base_model == models.at(model).base_model);
    CHECK(o.prompt_template == models.at(model).prompt_template);
    CHECK(o.data_path.values == std::vector<std::string>{data_files.at(data)});
    CHECK(o.output_dir == "runs/" + data + "-" + model + "-" + method);
    CHECK(o.eval_step == (data == "math_10k" ? 200 : 80));
    CHECK(o.save_step == o.eval_step);
    CHECK(o.adapter.curvature.is_auto == (method == "hyplora-bounded"));
    CHECK(o.adapter.curvature == (method == "hyplora-simplified" && data == "math_10k" ? 0.5 : 1.0));
  });
}

TEST_CASE("A published config holds only what differs from the defaults", "[train]") {
  TrainOptions defaults;
  const Json values = train_fields(defaults).values();
  for_each_config([&](const auto& data, const auto& model, const auto& method) {
    const Json config = read_json(config_file(data, model, method));
    for (const auto& [key, value] : config.items()) {
      INFO(key);
      REQUIRE(values.contains(key));
      CHECK(values[key] != value);
    }
  });
}

TEST_CASE("Alphas are those of the published scripts", "[train]") {
  for_each_config([](const auto& data, const auto& model, const auto& method) {
    const double alpha = read_json(config_file(data, model, method)).value("lora_alpha", 64.0);
    const bool on_manifold = method == "hyplora-bounded" || method == "hyplora-release";
    const double expected = method == "hyplora-simplified"                                     ? 256
                            : !on_manifold                                                     ? 64
                            : model == "gemma-3-4b"                                            ? 32
                            : model == "qwen2.5-7b" && data == std::string_view("commonsense") ? 256
                                                                                               : 128;
    CHECK(alpha == expected);
  });
}

}  // namespace
}  // namespace hyplora
