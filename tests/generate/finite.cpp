// Values that are not finite are told, wherever they are met, with the module that made the first of them.
#include "model/finite.h"

#include <ATen/core/grad_mode.h>

#include "generate/decode.h"
#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

Transformer broken(double value) {
  Transformer model = test::small_model(1);
  const at::NoGradGuard no_grad;
  for (auto& [name, weight] : model.named_weights()) {
    if (name == "model.layers.1.mlp.up_proj.weight") weight[3].fill_(value);
  }
  return model;
}

template <class Act>
std::string run_error(Act act) {
  try {
    act();
  } catch (const RunError& error) {
    return error.what();
  }
  FAIL("expected a RunError");
  return {};
}

TEST_CASE("Decoding stops at logits that are not finite: greedy, drawn, with beams and among alternatives", "[generate]") {
  for (const double value : {NAN, INFINITY}) {
    const Transformer model = broken(value);
    const std::vector<Ids> prompts{{3, 4, 5}, {6, 7}};
    const std::vector<std::vector<Ids>> alternatives{{{1}, {2}}, {{1}, {2}}};
    for (const char* way : {"greedy", "drawn", "beams", "alternatives"}) {
      DecodeOptions options;
      DecodeControl control;
      if (way == std::string("drawn")) options.temperature = 0.7;
      if (way == std::string("beams")) options.beams = 3;
      if (way == std::string("alternatives")) control.alternatives = &alternatives;
      INFO(way << " " << value);
      const std::string said =
          run_error([&] { decode(model, prompts, options, control, [](size_t, const std::vector<Completion>&) {}); });
      CHECK_THAT(said, Contains("prompt 1: the logits are not finite"));
      CHECK_THAT(said, Contains("comes out of module model.layers.1.mlp.up_proj"));
    }
  }
}

TEST_CASE("A loss that is not finite names its row and the module", "[generate]") {
  const Transformer model = broken(NAN);
  const Example example{{3, 4, 5, 6}, {3, 4, 5, 6}, false, "rows.json: row 7"};
  const std::string said = run_error([&] { finite_loss(model, {&example}); });
  CHECK_THAT(said, Contains("rows.json: row 7: its loss is not finite"));
  CHECK_THAT(said, Contains("module model.layers.1.mlp.up_proj"));
  CHECK(std::isfinite(finite_loss(test::small_model(1), {&example}).loss));
}

}  // namespace
}  // namespace hyplora
