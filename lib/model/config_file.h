// config.json of a checkpoint folder with typed look-ups; each failure names the file and the field.
#pragma once

#include <cmath>

#include "core/error.h"
#include "io/files.h"

namespace hyplora {

class Config {
 public:
  explicit Config(const fs::path& path) : Config(path.string(), read_json(path)) {}
  Config(std::string file, Json json) : file_(std::move(file)), json_(std::move(json)) {
    if (!json_.is_object()) throw InputError("{}: found {}, expected a JSON object.", file_, json_.type_name());
  }

  const std::string& file() const { return file_; }
  const Json& json() const { return json_; }
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }

  template <class T>
  T get(const char* key) const {
    if (!has(key)) throw InputError("{}: field {} is missing.", file_, key);
    return read<T>(key);
  }
  template <class T>
  T get(const char* key, T otherwise) const {
    return has(key) ? read<T>(key) : otherwise;
  }
  int64_t size(const char* key, int64_t most) const { return from_one_to(most, key, get<int64_t>(key)); }
  int64_t size(const char* key, int64_t otherwise, int64_t most) const {
    return from_one_to(most, key, get<int64_t>(key, otherwise));
  }
  /// A number above zero.
  double factor(const char* key, double otherwise) const {
    const double value = get<double>(key, otherwise);
    if (value > 0 && std::isfinite(value)) return value;
    throw InputError("{}: field {}: found {}, expected a number above 0.", file_, key, value);
  }

  /// A field that must have this value where it is given, because nothing else is computed here.
  template <class T>
  void only(const char* key, T supported) const {
    if (has(key) && read<T>(key) != supported) {
      throw InputError("{}: field {}: found {}, which is not supported; expected {}.", file_, key, shown(json_[key]),
                       json_text(Json(supported)));
    }
  }
  Config inner(const char* key) const { return Config(file_ + ": " + key, json_.value(key, Json())); }
  /// The same with these fields where the file does not have them; null in the file counts as had.
  Config with_defaults(const Json& defaults) const {
    Config filled = *this;
    for (const auto& [key, value] : defaults.items()) {
      if (!json_.contains(key)) filled.json_[key] = value;
    }
    return filled;
  }

 private:
  int64_t from_one_to(int64_t most, const char* key, int64_t value) const {
    if (value < 1 || value > most) throw InputError("{}: field {}: found {}, expected 1 to {}.", file_, key, value, most);
    return value;
  }
  template <class T>
  T read(const char* key) const {
    const Json& value = json_[key];
    bool fits = value.is_number();
    if constexpr (std::is_same_v<T, int64_t>) fits = value.is_number_integer();
    if constexpr (std::is_same_v<T, bool>) fits = value.is_boolean();
    if constexpr (std::is_same_v<T, std::string>) fits = value.is_string();
    if (!fits) throw InputError("{}: field {}: found {}, which has the wrong type.", file_, key, shown(value));
    return value.get<T>();
  }

  std::string file_;
  Json json_;
};

}  // namespace hyplora
