#include "eval/output_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

/// The parts of an adapter's path, without "." and "..".
std::vector<std::string> parts_of(const std::string& adapter) {
  if (adapter.empty()) return {"base"};
  std::error_code failed;
  const fs::path whole = fs::absolute(adapter, failed);
  std::vector<std::string> parts;
  for (const fs::path& part : (failed ? fs::path(adapter) : whole).lexically_normal().relative_path()) {
    if (!part.empty() && part != "." && part != "..") parts.push_back(printable(part.string()));
  }
  return parts.empty() ? std::vector<std::string>{"adapter"} : parts;
}

std::string last(const std::vector<std::string>& parts, size_t count) {
  return fmt::format("{}", fmt::join(parts.end() - static_cast<std::ptrdiff_t>(count), parts.end(), "/"));
}

}  // namespace

std::vector<std::string> adapter_names(const std::vector<std::string>& adapters) {
  std::vector<std::vector<std::string>> parts;
  parts.reserve(adapters.size());
  for (const auto& adapter : adapters) parts.push_back(parts_of(adapter));
  std::vector<size_t> counts(parts.size(), 1);
  std::vector<std::string> names;
  for (bool grew = true; grew;) {
    grew = false;
    names.clear();
    for (size_t i = 0; i < parts.size(); ++i) names.push_back(last(parts[i], counts[i]));
    for (size_t i = 0; i < parts.size(); ++i) {
      const auto is_rival = [&](size_t j) { return parts[j] != parts[i] && lower(names[j]) == lower(names[i]); };
      bool has_rival = false;
      for (size_t j = 0; j < parts.size(); ++j) has_rival |= is_rival(j);
      if (!has_rival || counts[i] == parts[i].size()) continue;
      ++counts[i];
      grew = true;
    }
  }
  return names;
}

std::string as_file_name(const std::string& name) {
  std::string made = printable(name);
  std::replace_if(
      made.begin(), made.end(), [](char c) { return c == '/' || c == '\\'; }, '_');
  if (made.size() > longest) {
    made = made.substr(made.size() - longest);                                           // the end tells checkpoints apart
    while ((static_cast<unsigned char>(made.front()) & 0xc0) == 0x80) made.erase(0, 1);  // no half of a character
  }
  return made.empty() || made.front() == '.' ? "adapter" + made : made;
}

std::string OutputNames::take(const std::string& name) {
  std::string made = name;
  for (int i = 2; !taken_.insert(lower(made)).second; ++i) made = name + "-" + std::to_string(i);
  return made;
}

}  // namespace hyplora
