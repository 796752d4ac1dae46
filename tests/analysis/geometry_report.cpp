#include "analysis/geometry_report.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/quantile.h>

#include <cmath>

#include "adapter/material.h"
#include "adapter/observe.h"
#include "analysis/linear_fit.h"
#include "analysis/token_frequency.h"
#include "support/xml.h"

namespace hyplora {
namespace {

Json reported(const AdapterOptions& options, double deviation = 0.3) {
  const test::TempFolder folder;
  test::write_adapter_folder(folder.path(), options, deviation);
  Transformer model = test::small_model(1);
  return geometry_report(model, folder.path(), test::some_rows(6));
}

TEST_CASE("What is observed of a token adds up to what the adapter adds", "[analysis]") {
  for (const auto& options : test::all_kinds()) {
    if (options.adapter != "hyplora" || options.hyplora_variant == "tangent") continue;
    INFO(options.hyplora_variant);
    Transformer model = test::small_model(1);
    const Adapters adapters = Adapters::attach(model, options, 7);
    test::make_B_random(adapters);
    const auto observed = hyperbolic_adapters(model);
    REQUIRE(observed.size() == 10);
    const auto linears = target_linears(model, options);
    const at::NoGradGuard no_grad;
    int64_t tokens = 0;
    observe(model, test::some_rows(3), [&](size_t i, const at::Tensor& x) {
      const TokenGeometry seen = observed[i].adapter->geometry(x);
      const at::Tensor added = observed[i].adapter->forward(x, *linears[i]) - linears[i]->product(x);
      const at::Tensor ours = at::matmul(seen.codes, observed[i].adapter->outer().t());
      CHECK(test::largest_difference(ours, added) < 2e-5 * std::max(1.0, added.abs().max().item<double>()));
      CHECK(test::largest_difference(seen.z, at::matmul(x.to(at::kDouble), observed[i].adapter->inner().t())) < 1e-9);
      tokens += x.size(0);
    });
    CHECK(tokens == 360);
    // The listeners are gone.
    CHECK(hyperbolic_adapters(model).size() == 10);
  }
}

TEST_CASE("Lengths are told in units of the radius", "[analysis]") {
  AdapterOptions options = test::kind("hyplora");
  options.curvature = 0.25;
  options.target_modules = {{"q_proj"}, false};
  options.layers_to_transform = std::vector<int64_t>{0};
  const test::TempFolder folder;
  test::write_adapter_folder(folder.path(), options);
  Transformer model = test::small_model(1);
  const std::vector<Example> rows = test::some_rows(6);
  const Json report = geometry_report(model, folder.path(), rows), &row = report["modules"][0];
  CHECK(row["path"] == "model.layers.0.self_attn.q_proj");
  CHECK(row["radius"].get<double>() == Approx(std::sqrt(32 * 0.25)));
  CHECK(row["radius_is"] == "kappa = sqrt(d K)");
  CHECK(row["tokens"] == 72);
  double longest_x = 0, longest_y = 0;
  const auto adapter = hyperbolic_adapters(model)[0].adapter;
  observe(model, rows, [&](size_t, const at::Tensor& x) {
    const at::Tensor th = at::linalg_vector_norm(x.to(at::kDouble), 2, {1}) / std::sqrt(8.0);
    const at::Tensor u = at::matmul(x.to(at::kDouble), adapter->inner().t()) * (th.sinh() / th).unsqueeze(1);
    const at::Tensor y = at::linalg_vector_norm(at::matmul(u, adapter->outer().t()), 2, {1}) / std::sqrt(8.0);
    longest_x = std::max(longest_x, th.max().item<double>());
    longest_y = std::max(longest_y, y.max().item<double>());
  });
  CHECK(row["sinh_argument"]["max"].get<double>() == Approx(longest_x));
  CHECK(row["y_over_radius"]["max"].get<double>() == Approx(longest_y));
  CHECK(row["y_over_radius"]["q05"] < row["y_over_radius"]["q95"]);
}

TEST_CASE("Rare and frequent tokens have figures of their own", "[analysis]") {
  const test::TempFolder folder;
  test::write_adapter_folder(folder.path(), test::kind("hyplora"), 0.3);
  Transformer model = test::small_model(1);
  const std::vector<Example> rows = test::some_rows(6);
  const Json row = geometry_report(model, folder.path(), rows)["modules"][0];
  std::vector<at::Tensor> lengths;
  observe(model, rows, [&](size_t i, const at::Tensor& x) {
    if (i == 0) lengths.push_back(at::linalg_vector_norm(x.to(at::kDouble), 2, {1}));
  });
  const at::Tensor th = at::cat(lengths) / row["radius"].get<double>();
  const FrequencyClasses classes = by_frequency(rows);
  for (const auto& [name, which] : {std::pair{"rare", classes.rare}, std::pair{"frequent", classes.frequent}}) {
    INFO(name);
    CHECK(row[name]["tokens"] == which.sum().item<int64_t>());
    CHECK(row[name]["sinh_argument"].get<double>() == Approx(at::quantile(th.masked_select(which), 0.5).item<double>()));
    CHECK(row[name]["unexplained"] > 0);
  }
  CHECK(row["rare"]["sinh_argument"] != row["frequent"]["sinh_argument"]);
}

TEST_CASE("A nearly flat adapter is explained by a linear map, a curved one is not", "[analysis]") {
  AdapterOptions options = test::kind("hyplora");
  options.curvature = 1e9;
  CHECK(reported(options)["summary"]["unexplained"]["largest"].get<double>() < 1e-12);
  options.curvature = 0.05;
  CHECK(reported(options)["summary"]["unexplained"]["largest"].get<double>() > 1e-3);
}

TEST_CASE("Tokens in the release's flat zone and at the clamps are counted", "[analysis]") {
  const Json flat = reported(test::kind("hyplora", "release"), 1e-4)["summary"];
  CHECK(flat["flat_share"] == 1);
  AdapterOptions options = test::kind("hyplora", "release");
  options.curvature = 0.1;  // K < 1: there is none
  CHECK(reported(options, 1e-4)["summary"]["flat_share"] == 0);
  AdapterOptions curved = test::kind("hyplora");
  CHECK(reported(curved)["summary"]["sinh_held_tokens"] == 0);
  curved.curvature = 1e-4;
  CHECK(reported(curved)["summary"]["sinh_held_tokens"] > 0);
}

TEST_CASE("Tokens at sinh's bound have a figure of their own and do not decide on that of all", "[analysis]") {
  AdapterOptions options = test::kind("hyplora");
  const Json open = reported(options)["modules"][0];
  CHECK(open["unexplained_held"].is_null());
  options.curvature = std::pow(open["sinh_argument"]["q75"].get<double>() / 12, 2);  // a quarter of the tokens is beyond
  const test::TempFolder folder;
  test::write_adapter_folder(folder.path(), options, 0.3);
  Transformer model = test::small_model(1);
  const std::vector<Example> rows = test::some_rows(6);
  const Json row = geometry_report(model, folder.path(), rows)["modules"][0];
  CHECK(row["sinh_held_tokens"] > 0);
  CHECK(row["sinh_held_tokens"] < row["tokens"]);

  const auto adapters = hyperbolic_adapters(model);
  const HyperbolicAdapter& first = *adapters[0].adapter;
  std::vector<at::Tensor> inputs;
  observe(model, rows, [&](size_t i, const at::Tensor& x) {
    if (i == 0) inputs.push_back(x.to(at::kDouble));
  });
  const at::Tensor x = at::cat(inputs), held = at_bound(first.shape(), first.geometry(x).x_norms);
  const at::Tensor free_x = x.index_select(0, held.logical_not().nonzero().squeeze(1));
  LinearFit fit;
  fit.add(first.geometry(free_x), free_x, at::matmul(free_x.t(), free_x));
  fit.solve(first.inner(), first.outer());
  const at::Tensor shares = fit.unexplained_of(first.geometry(x), x, first.outer());
  CHECK(row["unexplained"].get<double>() == Approx(at::quantile(shares, 0.5).item<double>()).epsilon(1e-6));
  CHECK(row["unexplained_held"].get<double>() ==
        Approx(at::quantile(shares.masked_select(held), 0.5).item<double>()).epsilon(1e-6));
  CHECK_THAT(geometry_csv({{"modules", Json::array({row})}}), test::Contains("unexplained,unexplained_held,flat_tokens"));
}

TEST_CASE("Every hyperbolic variant is reported as table and picture, the others are refused", "[analysis]") {
  for (const auto& options : test::all_kinds()) {
    INFO(options.adapter << " " << options.hyplora_variant);
    if (options.adapter != "hyplora" || options.hyplora_variant == "tangent") {
      CHECK_THAT(test::input_error([&] { reported(options); }), test::Contains("is no hyperbolic adapter"));
      continue;
    }
    const Json report = reported(options);
    const std::string csv = geometry_csv(report), svg = geometry_svg(report);
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 11);
    CHECK_THAT(csv, test::Contains("model.layers.1.mlp.down_proj"));
    CHECK(test::xml_fault(svg) == "");
    CHECK_THAT(svg, !test::Contains("nan"));
    CHECK_THAT(svg, !test::Contains("href"));
  }
}

TEST_CASE("The picture of a geometry report is well-formed XML whatever the modules are called, and without any",
          "[analysis]") {
  Json report = reported(test::kind("hyplora"));
  report["kind"] = "<a&\"b\">";
  report["modules"][0]["path"] = "<layers>\x02'0'";
  report["modules"][1]["y_over_radius"] = {{"q05", 0}, {"q25", NAN}, {"q50", nullptr}, {"q75", INFINITY}, {"q95", INFINITY}};
  CHECK(test::xml_fault(geometry_svg(report)) == "");
  report["modules"] = Json::array();
  CHECK(test::xml_fault(geometry_svg(report)) == "");
}

}  // namespace
}  // namespace hyplora
