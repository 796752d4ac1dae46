// JSON text into values and back: the only caller of the library's parser and writer.
//
// What is read keeps its keys' order; comments are allowed. Values nest at most 100 levels, so that whatever walks them (copies,
// comparisons, writing) cannot exhaust the stack; no key stands twice in an object, since readers differ in which of the two
// they take (RFC 8259, section 4). Reading takes time linear in the text.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hyplora {

using Json = nlohmann::ordered_json;

/// `where` names the text in the InputError: no JSON (with its line), nested too deep, a key that stands twice.
Json parse_json(std::string_view text, const std::string& where);

/// The value, or nothing where parse_json would throw; `fault` then gets its reason, as "found key "a" twice ...".
std::optional<Json> try_json(std::string_view text, std::string* fault = nullptr);

/// On one line, or with `indent` spaces a level; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const Json& value, int indent = -1);

/// As an error message shows a value: on one line, the rest of a long one as dots.
std::string shown(const Json& value);

}  // namespace hyplora
