// A component of tokenizer.json: its fields, each held to its type. An InputError names the place in the file, what was found and
// what was expected.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace hyplora {

/// A component's JSON and its place in the file, for messages.
struct Component {
  const Json& json;
  std::string where;
};

std::string type_of(const Component& component);
/// InputError: the component's type is not one of `known`.
[[noreturn]] void refuse_type(const Component& component, const std::string& known);

/// `otherwise` where the field is absent; without one it must be there.
std::string text_at(const Component& component, const char* key, std::optional<std::string> otherwise = std::nullopt);
/// `otherwise` where the field is absent or null.
bool flag_at(const Component& component, const char* key, bool otherwise);
int64_t count_at(const Component& component, const char* key);
/// The elements of a Sequence.
std::vector<Component> elements_of(const Component& component, const char* key);

}  // namespace hyplora
