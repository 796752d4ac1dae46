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

  /// The key's value; null where it is not there.
  Json value(const std::string& key) const { return config_.value(key, Json()); }
  std::vector<std::string> names() const;
  /// Whether the key says anything: not null, false or empty.
  bool is_on(const std::string& key) const;

  /// InputError where one of the keys is on: nothing of it is computed here.
  void refuse(std::initializer_list<const char*> keys) const;
  /// InputError where the key is there and says something else.
  void only(const char* key, const std::string& supported) const;

 private:
  const Json& config_;
  const fs::path& path_;
};

}  // namespace hyplora
