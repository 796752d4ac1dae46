#include "data/prompt.h"

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

std::string refusal(const Json& form) {
  const test::TempFolder folder;
  write_file(folder / "form.json", form.dump());
  return test::input_error([&] { find_prompt_template((folder / "form.json").string()); });
}

TEST_CASE("A template file without the instruction, or with a name that stands for nothing, is refused", "[data]") {
  const auto form = [](const std::string& with_input, const std::string& without) {
    return Json{{"prompt_input", with_input}, {"prompt_no_input", without}};
  };
  CHECK_THAT(refusal(form("{instruction} {input}", "always the same")),
             Contains("prompt_no_input\": the placeholder {instruction} is missing"));
  CHECK_THAT(refusal(form("{input}", "{instruction}")), Contains("prompt_input\": the placeholder {instruction} is missing"));
  CHECK_THAT(refusal(form("{instruction} {context}", "{instruction}")), Contains("found the placeholder {context}"));
  const test::TempFolder folder;
  write_file(folder / "form.json", form("{instruction} {\"a\": 1} {{x}} {} {input}", "{instruction}").dump());
  CHECK(find_prompt_template((folder / "form.json").string()).with_input.ends_with("{input}"));
}

}  // namespace
}  // namespace hyplora
