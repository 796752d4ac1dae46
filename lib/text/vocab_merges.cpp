#include "text/vocab_merges.h"

#include <algorithm>

#include "core/error.h"
#include "text/tokenizer_config.h"
#include "text/tokenizer_json.h"

namespace hyplora {
namespace {

const char* const qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

Json gpt2_steps(bool prefix_space) {
  return {{"normalizer", nullptr}, {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", prefix_space}}}};
}

Json qwen2_steps(bool prefix_space) {
  const Json split{{"type", "Split"}, {"pattern", {{"Regex", qwen2_pattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  const Json bytes{{"type", "ByteLevel"}, {"add_prefix_space", prefix_space}, {"use_regex", false}};
  return {{"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", Json::array({split, bytes})}}}};
}

/// The classes that read these files, each with the steps around its BPE.
struct VocabularyClass {
  std::string_view name;
  Json (*steps)(bool prefix_space);
};
const VocabularyClass classes[] = {{"GPT2Tokenizer", gpt2_steps},
                                   {"GPT2TokenizerFast", gpt2_steps},
                                   {"Qwen2Tokenizer", qwen2_steps},
                                   {"Qwen2TokenizerFast", qwen2_steps}};

const VocabularyClass& class_of(const TokenizerConfig& config, const fs::path& vocabulary) {
  for (const VocabularyClass& row : classes) {
    if (config.tokenizer_class == row.name) return row;
  }
  throw InputError(
      "{}: it is read without a tokenizer.json only for GPT2Tokenizer and Qwen2Tokenizer, but {} says {}; save the model's tokenizer "
      "again so that tokenizer.json is written.",
      vocabulary.string(), config.file,
      config.tokenizer_class.empty() ? "no tokenizer_class" : fmt::format("tokenizer_class \"{}\"", config.tokenizer_class));
}

/// The lines of merges.txt, without the first where it names the version.
Json read_merges(const fs::path& path) {
  const std::string text = read_file(path);
  Json merges = Json::array();
  for (size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with("#version")) continue;
    const size_t gap = line.find(' ');
    if (gap == line.npos || gap == 0 || gap + 1 == line.size() || line.find(' ', gap + 1) != line.npos)
      throw InputError("{}: line {}: found {}, expected two tokens.", path.string(), number, shown(Json(line)));
    merges.push_back(std::move(line));
  }
  return merges;
}

/// Added tokens with their ids; special tokens that only have a name are those of the vocabulary, else they come behind it.
Json added_tokens(const TokenizerConfig& config, const Json& vocabulary) {
  Json all = Json::array();
  int64_t next = 0;
  for (const auto& [token, id] : vocabulary.items()) next = std::max(next, id.is_number_integer() ? id.get<int64_t>() + 1 : 0);
  std::vector<std::string> known;
  for (const AddedToken& token : config.added) {
    all.push_back({{"id", token.id},
                   {"content", token.content},
                   {"special", token.special},
                   {"normalized", token.normalized},
                   {"single_word", token.single_word},
                   {"lstrip", token.lstrip},
                   {"rstrip", token.rstrip}});
    known.push_back(token.content);
    next = std::max<int64_t>(next, token.id + 1);
  }
  std::vector<std::string> names = config.special_names;
  for (const SpecialToken* token : {&config.bos, &config.eos}) {
    if (!token->text && token->by_class) names.push_back(*token->by_class);
  }
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    known.push_back(name);
    const int64_t id =
        vocabulary.contains(name) && vocabulary[name].is_number_integer() ? vocabulary[name].get<int64_t>() : next++;
    all.push_back({{"id", id}, {"content", name}, {"special", true}, {"normalized", false}});
  }
  return all;
}

}  // namespace

std::unique_ptr<Tokenizer> load_vocab_merges(const fs::path& folder) {
  const fs::path path = folder / "vocab.json";
  const TokenizerConfig config = read_tokenizer_config(folder);
  const VocabularyClass& row = class_of(config, path);
  Json vocabulary = read_json(path);
  if (!vocabulary.is_object()) throw InputError("{}: found {}, expected a JSON object.", path.string(), vocabulary.type_name());
  Json file = row.steps(config.add_prefix_space.value_or(false));
  file["added_tokens"] = added_tokens(config, vocabulary);
  file["decoder"] = {{"type", "ByteLevel"}};
  file["model"] = {{"type", "BPE"}, {"vocab", std::move(vocabulary)}, {"merges", read_merges(folder / "merges.txt")}};
  return tokenizer_of_json(json_text(file), path, config);
}

}  // namespace hyplora
