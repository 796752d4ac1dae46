#include "data/boxed.h"

#include <string_view>

namespace hyplora {

namespace {

/// What stands in the braces that open just before `begin`; nothing where they never close.
std::optional<std::string> in_braces(const std::string& text, size_t begin) {
  int depth = 1;
  for (size_t i = begin; i < text.size(); ++i) {
    depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
    if (depth == 0) return text.substr(begin, i - begin);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> boxed(const std::string& text) {
  constexpr std::string_view mark = "\\boxed{";
  for (size_t place = text.rfind(mark); place != text.npos; place = place == 0 ? text.npos : text.rfind(mark, place - 1)) {
    const auto inside = in_braces(text, place + mark.size());
    if (inside && inside->find_first_not_of(" \t\n") != inside->npos) return inside;
  }
  return std::nullopt;
}

}  // namespace hyplora
