#include "text/tokenizer_config.h"

#include <charconv>

#include "core/error.h"
#include "text/tokenizer.h"

namespace hyplora {
namespace {

/// A special token: a string, an object with "content", or null.
std::optional<std::string> token_text(const Json& config, const char* key) {
  if (!config.contains(key)) return std::nullopt;
  const Json& value = config[key];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string())
    return value["content"].get<std::string>();
  return std::nullopt;
}

std::optional<bool> flag(const Json& object, const char* key, const std::string& where) {
  if (!object.contains(key) || object[key].is_null()) return std::nullopt;
  if (!object[key].is_boolean()) throw InputError("{}: {}: found {}, expected true or false.", where, key, shown(object[key]));
  return object[key].get<bool>();
}

int32_t id_of(const std::string& key, const std::string& where) {
  int32_t id = -1;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || end != key.data() + key.size() || id < 0 || id >= most_token_ids) {
    throw InputError("{}: found the key \"{}\", expected a token id.", where, key);
  }
  return id;
}

}  // namespace

bool TokenizerConfig::rules_over_template() const {
  for (const char* name : {"LlamaTokenizer", "LlamaTokenizerFast", "CodeLlamaTokenizer", "CodeLlamaTokenizerFast",
                           "GemmaTokenizer", "GemmaTokenizerFast"}) {
    if (tokenizer_class == name) return true;
  }
  return false;
}

AddedToken read_added_token(const Json& object, std::optional<int32_t> id, const std::string& where) {
  if (!object.is_object() || !object.contains("content") || !object["content"].is_string()) {
    throw InputError("{}: an added token needs a string \"content\".", where);
  }
  AddedToken token;
  token.content = object["content"].get<std::string>();
  if (token.content.size() > most_added_token_bytes) {
    throw InputError("{}: found an added token of {} bytes, expected at most {}.", where, token.content.size(),
                     most_added_token_bytes);
  }
  if (id) {
    token.id = *id;
  } else {
    const bool fits = object.contains("id") && object["id"].is_number_integer() && object["id"].get<int64_t>() >= 0 &&
                      object["id"].get<int64_t>() < most_token_ids;
    if (!fits) throw InputError("{}: the added token \"{}\" has no usable id.", where, token.content);
    token.id = object["id"].get<int32_t>();
  }
  token.special = flag(object, "special", where).value_or(false);
  token.normalized = flag(object, "normalized", where).value_or(!token.special);
  token.single_word = flag(object, "single_word", where).value_or(false);
  token.lstrip = flag(object, "lstrip", where).value_or(false);
  token.rstrip = flag(object, "rstrip", where).value_or(false);
  return token;
}

TokenizerConfig read_tokenizer_config(const fs::path& folder) {
  TokenizerConfig config;
  const fs::path path = tokenizer_config_file(folder);
  config.file = path.string();
  if (!fs::exists(path)) return config;
  const Json json = read_json(path);
  if (!json.is_object()) throw InputError("{}: found {}, expected a JSON object.", config.file, json.type_name());
  config.tokenizer_class = token_text(json, "tokenizer_class").value_or("");
  config.bos_token = token_text(json, "bos_token");
  config.eos_token = token_text(json, "eos_token");
  config.add_bos_token = flag(json, "add_bos_token", config.file);
  config.add_eos_token = flag(json, "add_eos_token", config.file);
  if (!json.contains("added_tokens_decoder")) return config;
  const Json& added = json["added_tokens_decoder"];
  if (!added.is_object())
    throw InputError("{}: added_tokens_decoder: found {}, expected an object.", config.file, added.type_name());
  for (const auto& [key, token] : added.items())
    config.added.push_back(read_added_token(token, id_of(key, config.file), config.file));
  return config;
}

}  // namespace hyplora
