#include "io/identity.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>
#include <unordered_map>

#include "io/hash.h"

namespace hyplora {
namespace {

/// The paths that a field names: one, several or none.
std::vector<std::pair<std::string, std::string>> named_paths(const Field& field) {
  const Json value = field.get(), all = value.is_string() ? Json::array({value}) : value;
  std::vector<std::pair<std::string, std::string>> paths;
  for (size_t i = 0; i < all.size(); ++i)
    paths.emplace_back(field.is_list() ? fmt::format("{}[{}]", field.name, i) : field.name, all[i]);
  return paths;
}

bool is_hashed_file(const Json& value) { return value.is_object() && value.contains("hash"); }

void compare(const std::string& name, const Json& before, const Json& now, std::vector<Difference>& found) {
  if (before == now) return;
  if (is_hashed_file(before) || is_hashed_file(now)) {
    const auto hash = [](const Json& file) { return is_hashed_file(file) ? file["hash"] : Json(); };
    if (hash(before) == hash(now)) return;
    found.push_back({name, hash(before), hash(now), true, is_hashed_file(now) ? now.value("file", "") : ""});
    return;
  }
  if (!before.is_object() || !now.is_object()) {
    found.push_back({name, before, now, false, ""});
    return;
  }
  const auto &old = before.get_ref<const Json::object_t&>(), &current = now.get_ref<const Json::object_t&>();
  std::unordered_map<std::string_view, const Json*> rest;  // of the current ones; a lookup in Json takes as long as it has keys
  for (const auto& [key, value] : current) rest.emplace(key, &value);
  const std::string prefix = name.empty() ? "" : name + "/";
  const Json none;
  for (const auto& [key, value] : old) {
    const auto same = rest.find(key);
    compare(prefix + key, value, same == rest.end() ? none : *same->second, found);
    rest.erase(key);
  }
  for (const auto& [key, value] : current) {
    if (rest.count(key) != 0) compare(prefix + key, none, value, found);
  }
}

}  // namespace

void Identity::add_file(const std::string& name, const fs::path& file) {
  if (fs::is_regular_file(file)) files[name] = {{"file", file.string()}, {"hash", file_hash(file)}};
}

Identity identity_of(const Fields& fields) {
  Identity identity{fields.counting_values(), Json::object()};
  for (const Field& field : fields.all()) {
    if (!field.changes_result || !field.names_files) continue;
    for (const auto& [name, path] : named_paths(field)) {
      if (!fs::exists(path)) identity.values[name] = path;
      identity.add_file(name, path);
    }
  }
  return identity;
}

std::string Difference::told_name() const {
  const size_t open = name.rfind('[');
  if (open == name.npos || !name.ends_with(']')) return name;
  return fmt::format("{} (file {})", name.substr(0, open), std::atoll(name.c_str() + open + 1) + 1);
}

std::string Difference::text() const {
  return fmt::format("{} was {}, now it is {}", told_name(), json_text(before), json_text(now));
}

std::vector<Difference> differences(const Identity& before, const Identity& now) {
  std::vector<Difference> found;
  compare("", before.values, now.values, found);
  compare("", before.files, now.files, found);
  return found;
}

}  // namespace hyplora
