#include "adapter/peft_keys.h"

namespace hyplora {

PeftKeys::PeftKeys(const Json& config, const fs::path& path) : config_(config), path_(path) {
  if (!config.is_object()) throw InputError("{}: expected a JSON object.", path.string());
}

std::optional<StringOrList> PeftKeys::modules(const char* key) const {
  if (!has(key)) return std::nullopt;
  return get(key, StringOrList{});
}

std::optional<std::vector<int64_t>> PeftKeys::layers(const char* key) const {
  if (!has(key) || config_[key].empty()) return std::nullopt;
  return get<std::optional<std::vector<int64_t>>>(key, std::nullopt);
}

void PeftKeys::only(const char* key, const std::string& supported) const {
  const auto found = get<std::string>(key, supported);
  if (found != supported) throw InputError("{}: key \"{}\": found \"{}\", expected \"{}\".", path(), key, found, supported);
}

std::vector<std::string> PeftKeys::names() const {
  std::vector<std::string> names;
  for (const auto& [name, unused] : config_.items()) names.push_back(name);
  return names;
}

bool PeftKeys::is_on(const std::string& key) const {
  const Json found = value(key);
  return !found.is_null() && found != false && !(found.is_structured() && found.empty()) && found != "";
}

void PeftKeys::refuse(std::initializer_list<const char*> keys) const {
  for (const char* key : keys) {
    if (is_on(key)) throw InputError("{}: key \"{}\": found {}, which is not supported.", path(), key, shown(value(key)));
  }
}

}  // namespace hyplora
