#include "text/tokenizer_config.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "text/tokenizer.h"

namespace hyplora {
namespace {

/// What transformers' classes take where no file names a token.
struct ClassDefaults {
  const char *tokenizer_class, *model_type;
  const char *bos, *eos;  // null: none
};
const ClassDefaults classes[] = {{"LlamaTokenizer", "llama", "<s>", "</s>"},
                                 {"CodeLlamaTokenizer", "code_llama", "<s>", "</s>"},
                                 {"GemmaTokenizer", "gemma", "<bos>", "<eos>"},
                                 {"GemmaTokenizer", "gemma2", "<bos>", "<eos>"},
                                 {"GemmaTokenizer", "gemma3_text", "<bos>", "<eos>"},
                                 {"GPT2Tokenizer", "gpt2", "<|endoftext|>", "<|endoftext|>"},
                                 {"Qwen2Tokenizer", "qwen2", nullptr, "<|endoftext|>"},
                                 {"Qwen2Tokenizer", "qwen3", nullptr, "<|endoftext|>"}};

std::string without_fast(std::string name) {
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

Json object_in(const fs::path& path) {
  if (!fs::exists(path)) return Json::object();
  Json json = read_json(path);
  if (!json.is_object()) throw InputError("{}: found {}, expected a JSON object.", path.string(), json.type_name());
  return json;
}

/// A special token: a string, or an object with "content".
std::optional<std::string> token_text(const Json& value) {
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

int32_t id_in(const std::string& key, const std::string& where) {
  int32_t id = -1;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || end != key.data() + key.size() || id < 0 || id >= most_token_ids) {
    throw InputError("{}: found the key \"{}\", expected a token id.", where, key);
  }
  return id;
}

/// What a file says of BOS or EOS. A null says that there is none, but an EOS may still come from config.json's id: rows that end
/// with nothing teach a model never to end.
void read_special(const Json& json, const char* key, const std::string& file, SpecialToken& to) {
  if (!json.contains(key)) return;
  to.where = fmt::format("{}: {}", file, key);
  to.text = token_text(json[key]);
  if (to.text || !json[key].is_null()) return;
  to.by_class.reset();
  if (std::string_view(key) == "bos_token") to.text = "";
}

void read_names(const Json& json, std::vector<std::string>& names) {
  const auto add = [&](const Json& value) {
    const auto text = token_text(value);
    if (text && !text->empty() && std::find(names.begin(), names.end(), *text) == names.end()) names.push_back(*text);
  };
  for (const auto& [key, value] : json.items()) {
    if (key.ends_with("_token")) add(value);
    if (!key.ends_with("_special_tokens") || !value.is_array()) continue;
    for (const Json& token : value) add(token);
  }
}

/// config.json's id of BOS or EOS, the first of several.
std::optional<int64_t> model_id(const Json& model, const char* key) {
  if (!model.contains(key)) return std::nullopt;
  const Json& value = model[key].is_array() && !model[key].empty() ? model[key].front() : model[key];
  return value.is_number_unsigned() ? std::optional(value.get<int64_t>()) : std::nullopt;
}

/// What config.json knows; a file of another program's checkpoints may lack it.
void read_defaults(const fs::path& folder, TokenizerConfig& config) {
  const fs::path path = folder / "config.json";
  const Json model = fs::is_regular_file(path) ? try_json(read_file(path)).value_or(Json()) : Json();
  const bool known = model.is_object();
  const std::string type =
      known && model.contains("model_type") && model["model_type"].is_string() ? model["model_type"] : Json("");
  for (const ClassDefaults& row : classes) {
    const bool meant =
        config.tokenizer_class.empty() ? type == row.model_type : without_fast(config.tokenizer_class) == row.tokenizer_class;
    if (!meant) continue;
    config.tokenizer_class = row.tokenizer_class;
    if (row.bos != nullptr) config.bos.by_class = row.bos;
    if (row.eos != nullptr) config.eos.by_class = row.eos;
    break;
  }
  if (!known) return;
  config.bos.by_id = model_id(model, "bos_token_id");
  config.eos.by_id = model_id(model, "eos_token_id");
}

/// Tokens that were added after training, in the form before added_tokens_decoder: {"<pad>": 32000}.
void read_added_tokens(const fs::path& path, TokenizerConfig& config) {
  const Json added = object_in(path);
  for (const auto& [text, id] : added.items()) {
    const bool special =
        std::find(config.special_names.begin(), config.special_names.end(), text) != config.special_names.end();
    const Json object{{"content", text}, {"id", id}, {"special", special}};
    config.added.push_back(read_added_token(object, std::nullopt, path.string()));
  }
}

}  // namespace

bool TokenizerConfig::rules_over_template() const {
  for (const char* name : {"LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer"}) {
    if (without_fast(tokenizer_class) == name) return true;
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
  const Json json = object_in(path);
  if (json.contains("tokenizer_class")) config.tokenizer_class = token_text(json["tokenizer_class"]).value_or("");
  read_defaults(folder, config);
  // Where tokenizer_config.json holds the added tokens, it is newer than special_tokens_map.json and has the last word.
  const bool newer = json.contains("added_tokens_decoder");
  const fs::path map_path = folder / "special_tokens_map.json";
  const Json map = object_in(map_path);
  for (const bool of_map : {newer, !newer}) {
    const Json& source = of_map ? map : json;
    const std::string file = of_map ? map_path.string() : config.file;
    read_special(source, "bos_token", file, config.bos);
    read_special(source, "eos_token", file, config.eos);
    read_names(source, config.special_names);
  }
  config.add_bos_token = flag(json, "add_bos_token", config.file);
  config.add_eos_token = flag(json, "add_eos_token", config.file);
  config.add_prefix_space = flag(json, "add_prefix_space", config.file);
  if (!newer) {
    read_added_tokens(folder / "added_tokens.json", config);
    return config;
  }
  const Json& added = json["added_tokens_decoder"];
  if (!added.is_object())
    throw InputError("{}: added_tokens_decoder: found {}, expected an object.", config.file, added.type_name());
  for (const auto& [key, token] : added.items())
    config.added.push_back(read_added_token(token, id_in(key, config.file), config.file));
  return config;
}

std::optional<int64_t> id_of(const SpecialToken& token, const KnownTokens& known, std::optional<int64_t> builtin) {
  if (token.text) {
    if (token.text->empty()) return std::nullopt;
    const auto id = known.find(*token.text);
    if (!id) throw InputError("{} is \"{}\", which is not a token of {}.", token.where, *token.text, known.vocabulary);
    return id;
  }
  if (token.by_class) {
    if (const auto id = known.find(*token.by_class)) return id;
  }
  if (builtin) return builtin;
  return token.by_id && *token.by_id < known.size ? token.by_id : std::nullopt;
}

}  // namespace hyplora
