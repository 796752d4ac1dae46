#include "data/boxed.h"

namespace hyplora {

std::optional<std::string> boxed(const std::string& text) {
  const size_t mark = text.rfind("\\boxed{");
  if (mark == text.npos) return std::nullopt;
  const size_t begin = mark + 7;
  int depth = 1;
  for (size_t i = begin; i < text.size(); ++i) {
    depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
    if (depth == 0) return text.substr(begin, i - begin);
  }
  return std::nullopt;
}

}  // namespace hyplora
