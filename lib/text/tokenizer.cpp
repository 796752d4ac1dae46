#include "text/tokenizer.h"

#include "core/error.h"
#include "core/log.h"
#include "text/sentencepiece.h"
#include "text/tokenizer_json.h"
#include "text/vocab_merges.h"

namespace hyplora {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD: the last character lacks bytes

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder; expected a checkpoint folder.", folder.string());
  const bool has_model = fs::exists(folder / "tokenizer.model");
  if (fs::exists(folder / "tokenizer.json")) {
    if (has_model) log::info("{}: tokenizer.json is used, as in transformers; tokenizer.model is there too", folder.string());
    return load_tokenizer_json(folder);
  }
  if (has_model) return load_sentencepiece(folder);
  if (fs::exists(folder / "vocab.json")) return load_vocab_merges(folder);
  throw InputError("{}: no tokenizer is there, expected tokenizer.json, tokenizer.model or vocab.json with merges.txt.",
                   folder.string());
}

std::map<std::string, fs::path> Tokenizer::files() const {
  std::map<std::string, fs::path> all{{"tokenizer", file()}};
  const fs::path folder = file().parent_path();
  if (file().filename() == "vocab.json") all["merges"] = folder / "merges.txt";
  for (const char* name : {"tokenizer_config", "special_tokens_map", "added_tokens"})
    all[name] = folder / (std::string(name) + ".json");
  return all;
}

std::string TextStream::next(int64_t id) {
  ids_.push_back(id);
  const std::string now = text();
  if (now.size() <= given_.size() || now.ends_with(replacement)) return {};
  std::string fresh = now.substr(given_.size());
  given_ = now;
  if (!tokenizer_.decode({id}).empty()) {  // then it is context enough for what follows
    ids_ = {id};
    given_ = text();
  }
  return fresh;
}

std::string TextStream::rest() {
  const std::string now = text();
  std::string fresh = now.size() > given_.size() ? now.substr(given_.size()) : std::string();
  ids_.clear();
  given_.clear();
  return fresh;
}

}  // namespace hyplora
