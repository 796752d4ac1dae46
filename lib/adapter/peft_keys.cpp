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

void PeftKeys::refuse(std::initializer_list<const char*> switches, std::initializer_list<const char*> lists) const {
  for (const char* key : switches) {
    if (get(key, false)) throw InputError("{}: key \"{}\": such adapters are not supported.", path(), key);
  }
  for (const char* key : lists) {
    if (has(key) && !config_[key].empty()) {
      throw InputError("{}: key \"{}\": found {}, which is not supported.", path(), key, shown(key));
    }
  }
  only("bias", "none");
}

}  // namespace hyplora
