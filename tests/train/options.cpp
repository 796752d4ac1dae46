// What a config says, and the schedules that it names.
#include "train/options.h"

#include "support/support.h"
#include "train/schedule.h"

namespace hyplora {
namespace {

TEST_CASE("The first release's variants hold their curvature unless told otherwise", "[train]") {
  const auto learns = [](const std::string& variant, const std::vector<std::string>& more) {
    const Json base{{"base_model", "m"}, {"data_path", "d"}, {"output_dir", "o"}, {"hyplora_variant", variant}};
    return read_train_options({base, "c", more, {}}).adapter.train_curvature;
  };
  for (const char* variant : {"bounded", "lorentz", "release", "simplified"}) CHECK(learns(variant, {}));
  for (const char* variant : {"v1", "v1_rot"}) {
    CHECK_FALSE(learns(variant, {}));
    CHECK(learns(variant, {"train_curvature=true"}));
  }
}

TEST_CASE("Where no curvature is given, the default variant starts at auto and the others at 1", "[train]") {
  const auto curvature = [](Json more) {
    more.update({{"base_model", "m"}, {"data_path", "d"}, {"output_dir", "o"}});
    return resolved_config(read_train_options({more, "c", {}, {}}))["curvature"];
  };
  CHECK(curvature(Json::object()) == "auto");
  CHECK(AdapterOptions().hyplora_variant == "bounded");
  CHECK(curvature({{"curvature", 2}}) == 2);
  CHECK(curvature({{"lora_type", "hyplora-1.0"}}) == 1);
  for (const auto& variant : hyplora_variants()) {
    INFO(variant);
    CHECK(curvature({{"hyplora_variant", variant}}) == (variant == "bounded" ? Json("auto") : Json(1.0)));
  }
}

TEST_CASE("lora_type spells adapter, variant and curvature; a contradiction is refused", "[train]") {
  const Json base{{"base_model", "m"}, {"data_path", "d"}, {"output_dir", "o"}, {"lora_type", "hyplora-0.5"}};
  const TrainOptions options = read_train_options({base, "c", {}, {}});
  CHECK(options.adapter.hyplora_variant == "release");
  CHECK(options.adapter.curvature == 0.5);
  Json contradicting = base;
  contradicting["hyplora_variant"] = "lorentz";
  CHECK_THAT(test::input_error([&] {
               read_train_options({contradicting, "c", {}, {}});
             }),
             test::Contains("but lora_type says \"release\""));
}

TEST_CASE("The rate follows Hugging Face's schedules", "[train]") {
  const Schedule linear{"linear", 4, 24, 0};
  CHECK(linear.factor(0) == 0);
  CHECK(linear.factor(2) == 0.5);
  CHECK(linear.factor(4) == 1);
  CHECK(linear.factor(14) == 0.5);
  CHECK(Schedule{"cosine", 0, 10, 0}.factor(5) == Approx(0.5));
  CHECK(Schedule{"cosine", 0, 10, 0.1}.factor(10) == Approx(0.1));
  CHECK(Schedule{"constant", 2, 10, 0}.factor(9) == 1);
  const Schedule wsd{"wsd", 2, 100, 0};
  CHECK(wsd.factor(89) == 1);
  CHECK(wsd.factor(95) == Approx(0.5));
}

}  // namespace
}  // namespace hyplora
