// Fuzzes regular expressions of both syntaxes, and a text that they are searched in: what follows the first line, made valid UTF-8.
#include "text/pattern.h"

#include "core/json.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string all(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(all.find('\n'), all.size());
  const std::string text = Json::parse(json_text(all.substr(line))).get<std::string>();
  const auto search = [&](const Pattern& pattern) {
    if (const auto match = pattern.find(text, 0); match && (match->begin > match->end || match->end > text.size()))
      __builtin_trap();
    pattern.last(text);
  };
  const std::string regex = Json::parse(json_text(all.substr(0, line))).get<std::string>();
  fuzz::run([&] { search(Pattern::of_oniguruma(regex, "the expression")); });
  return fuzz::run([&] { search(Pattern(all.substr(0, line), "the expression")); });
}
