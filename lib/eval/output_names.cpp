#include "eval/output_names.h"

#include <algorithm>
#include <cctype>

#include "core/printable.h"
#include "io/files.h"

namespace hyplora {
namespace {

constexpr size_t longest = 100;  // of 255 bytes that a file system allows, with room for numbers and endings

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Without what is hidden, a path of its own or a name of the file system's.
std::string harmless(const std::string& name) {
  std::string made = printable(name);
  std::replace_if(
      made.begin(), made.end(), [](char c) { return c == '/' || c == '\\'; }, '_');
  if (made.size() > longest) {
    made = made.substr(made.size() - longest);                                           // the end tells checkpoints apart
    while ((static_cast<unsigned char>(made.front()) & 0xc0) == 0x80) made.erase(0, 1);  // no half of a character
  }
  return made.empty() || made.front() == '.' ? "adapter" + made : made;
}

}  // namespace

std::string adapter_name(const std::string& adapter) {
  if (adapter.empty()) return "base";
  std::error_code failed;
  fs::path path = fs::path(adapter).lexically_normal();
  const std::string last = (path.has_filename() ? path : path.parent_path()).filename();
  if (last == ".." || last == "." || last.empty()) path = fs::weakly_canonical(adapter, failed);
  return harmless((path.has_filename() ? path : path.parent_path()).filename());
}

std::string OutputNames::take(const std::string& name) {
  std::string made = name;
  for (int i = 2; !taken_.insert(lower(made)).second; ++i) made = name + "-" + std::to_string(i);
  return made;
}

}  // namespace hyplora
