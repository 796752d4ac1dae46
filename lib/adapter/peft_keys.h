// The values of an adapter_config.json, by key; each failure names the file and the key.
#pragma once

#include "core/error.h"
#include "core/fields.h"
#include "io/files.h"

namespace hyplora {

class PeftKeys {
 public:
  /// Both must outlive it. InputError where `config` is no object.
  PeftKeys(const Json& config, const fs::path& path);

  bool has(const char* key) const { return config_.contains(key) && !config_[key].is_null(); }
  std::string path() const { return path_.string(); }

  template <class T>
  T get(const char* key, T otherwise) const {
    if (has(key)) Fields().add(key, otherwise, "").read_object({{key, config_[key]}}, path());
    return otherwise;
  }
  std::optional<StringOrList> modules(const char* key) const;
  std::optional<std::vector<int64_t>> layers(const char* key) const;

  /// InputError where a switch is on, a list holds something, or biases learn: nothing of it is computed here.
  void refuse(std::initializer_list<const char*> switches, std::initializer_list<const char*> lists) const;

 private:
  void only(const char* key, const std::string& supported) const;
  std::string shown(const char* key) const { return hyplora::shown(config_[key]); }

  const Json& config_;
  const fs::path& path_;
};

}  // namespace hyplora
