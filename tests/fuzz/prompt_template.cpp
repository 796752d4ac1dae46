// Fuzzes template files, and prompts made with what they describe.
#include "data/prompt.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::run([&] {
    const PromptTemplate prompt = find_prompt_template(fuzz::file_with("template.json", data, size).string());
    render_example(prompt, "{input} a", "{instruction}", "b");
    render_conversation(prompt, {{"a", "", "b"}, {"c", "d", "e"}}, "f", "");
    template_hash(prompt);
  });
}
