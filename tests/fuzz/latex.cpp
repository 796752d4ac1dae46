// Fuzzes the reading of LaTeX answers.
#include "core/json.h"
#include "eval/answers.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = Json::parse(json_text(std::string(reinterpret_cast<const char*>(data), size))).get<std::string>();
  return fuzz::run([&] {
    normal_latex(text);
    latex_form(text);
    if (const auto answer = latex_answer(text)) normal_latex(*answer);
  });
}
