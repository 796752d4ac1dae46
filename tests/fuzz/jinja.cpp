// Fuzzes chat templates, rendered with a conversation.
#include "text/jinja.h"

#include "core/json.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Json conversation = parse_json(
      R"({"messages": [{"role": "system", "content": "S\u00e9"}, {"role": "user", "content": "U 1"}, {"role": "assistant", "content": null,
      "tool_calls": [{"function": {"name": "f", "arguments": {"a": [1, 2.5, true]}}}]}], "tools": [{"type": "function"}], "n": 3,
      "s": "a,b c", "bos_token": "<s>", "add_generation_prompt": true})",
      "the conversation");
  const std::string all(reinterpret_cast<const char*>(data), size);
  const std::string text = Json::parse(json_text(all)).get<std::string>();
  return fuzz::run([&] {
    const Rendering made = JinjaTemplate(text, "the template").rendering(conversation, 0);
    for (const auto& [begin, end] : made.generated) {
      if (begin > end) __builtin_trap();
    }
  });
}
