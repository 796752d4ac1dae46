#include "data/boxed.h"

#include <algorithm>
#include <string_view>

namespace hyplora {
namespace {

/// Up to the brace that closes the one before `begin`; nothing where none does.
std::optional<std::string> in_braces(const std::string& text, size_t begin) {
  int depth = 1;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else {
      depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
    }
    if (depth == 0) return text.substr(begin, i - begin);
  }
  return std::nullopt;
}

/// What the command whose name ends at `place` puts into a box.
std::optional<std::string> content_at(const std::string& text, size_t place) {
  const size_t begin = text.find_first_not_of(' ', place);
  if (begin == text.npos) return std::nullopt;
  if (text[begin] == '{') return in_braces(text, begin + 1);
  const size_t end = std::min(text.find_first_of(" $\n.,", begin), text.size());  // "\boxed 3" is TeX, too
  return begin > place ? std::optional(text.substr(begin, end - begin)) : std::nullopt;
}

}  // namespace

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

std::vector<std::string> boxes(const std::string& text) {
  std::vector<std::string> found;
  for (const std::string_view command : {"\\boxed", "\\fbox"}) {
    for (size_t place = text.rfind(command); place != text.npos;
         place = place == 0 ? text.npos : text.rfind(command, place - 1)) {
      const auto content = content_at(text, place + command.size());
      if (content && content->find_first_not_of(" \t\n") != content->npos) found.push_back(*content);
    }
  }
  return found;
}

}  // namespace hyplora
