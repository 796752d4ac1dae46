#include "text/tokenizer_json.h"

#include <ATen/Parallel.h>
#include <simdjson.h>

#include <algorithm>
#include <unordered_set>

#include "core/error.h"
#include "text/bpe.h"
#include "text/byte_alphabet.h"
#include "text/pipeline.h"
#include "text/post_processor.h"
#include "text/pre_tokenizers.h"
#include "text/tokenizer_config.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

using Element = simdjson::dom::element;

/// The file's two halves: the vocabulary and the merges, large and flat, and everything else as ordinary JSON.
struct TokenizerFile {
  std::string path;
  simdjson::dom::parser parser;
  simdjson::dom::object vocab;
  simdjson::dom::array merges;
  Json rest;  // without model.vocab and model.merges

  const Json& at(const char* key) const {
    static const Json null;
    return rest.contains(key) ? rest[key] : null;
  }
  std::string where(const char* key) const { return path + ": " + key; }
};

/// What simdjson left unparsed of a value, as a value of ours.
Json as_json(const Element& element, const std::string& where) { return parse_json(simdjson::minify(element), where); }

simdjson::dom::object object_of(const Element& element, const std::string& where) {
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) throw InputError("{}: expected a JSON object.", where);
  return object;
}

void require_new(std::string_view key, std::unordered_set<std::string_view>& seen, const std::string& where) {
  if (!seen.insert(key).second) throw InputError("{}: found key \"{}\" twice in one object, expected it once.", where, key);
}

void read_model(const Element& model, TokenizerFile& file) {
  Json rest = Json::object();
  std::unordered_set<std::string_view> seen;
  bool has_vocab = false, has_merges = false;
  for (const auto [key, value] : object_of(model, file.path + ": model")) {
    require_new(key, seen, file.path + ": model");
    if (key == "vocab") {
      has_vocab = value.get(file.vocab) == simdjson::SUCCESS;
    } else if (key == "merges") {
      has_merges = value.get(file.merges) == simdjson::SUCCESS;
    } else {
      rest.get_ref<Json::object_t&>().emplace_back(key, as_json(value, file.path));  // known to be new
    }
  }
  const std::string type = rest.contains("type") && rest["type"].is_string() ? rest["type"].get<std::string>()
                           : has_merges                                      ? "BPE"
                                                                             : "";
  if (type != "BPE")
    throw InputError("{}: model: type: found \"{}\", which is not implemented; expected BPE.", file.path, type);
  if (!has_vocab) throw InputError("{}: model: vocab: expected an object of tokens and ids.", file.path);
  if (!has_merges) throw InputError("{}: model: merges: expected an array.", file.path);
  file.rest["model"] = std::move(rest);
}

void read_document(const Element& document, TokenizerFile& file) {
  file.rest = Json::object();
  std::unordered_set<std::string_view> seen;
  for (const auto [key, value] : object_of(document, file.path)) {
    require_new(key, seen, file.path);
    if (key == "model") {
      read_model(value, file);
    } else {
      file.rest.get_ref<Json::object_t&>().emplace_back(key, as_json(value, file.path));
    }
  }
  if (!file.rest.contains("model")) throw InputError("{}: model is missing.", file.path);
}

void read_tokenizer_file(const fs::path& path, TokenizerFile& file) {
  file.path = path.string();
  if (!fs::is_regular_file(path)) throw InputError("{}: is not a file.", file.path);
  Element document;
  if (const auto error = file.parser.load(file.path).get(document); error != simdjson::SUCCESS) {
    throw InputError("{}: cannot be read as JSON: {}.", file.path, simdjson::error_message(error));
  }
  read_document(document, file);
}

/// The vocabulary as the file spells it, and by the symbols that words are made of: in a byte-level one these are bytes, and a
/// token with a character outside that alphabet can only be found as an added token.
struct Vocabularies {
  Vocabulary symbols, spelled;
};

Vocabularies read_vocabulary(const TokenizerFile& file, bool byte_level) {
  Vocabularies made;
  for (Vocabulary* v : {&made.symbols, &made.spelled}) v->reserve(file.vocab.size(), 8 * file.vocab.size());
  for (const auto [token, value] : file.vocab) {
    int64_t id = -1;
    if (value.get(id) != simdjson::SUCCESS || id < 0 || id >= most_token_ids) {
      throw InputError("{}: model: vocab: the token \"{}\" has no usable id.", file.path, token);
    }
    if (made.spelled.find(token)) throw InputError("{}: model: vocab: found the token \"{}\" twice.", file.path, token);
    made.spelled.add(token, static_cast<int32_t>(id));
    if (!byte_level) continue;
    if (const auto bytes = bytes_of_byte_level(token)) made.symbols.add(*bytes, static_cast<int32_t>(id));
  }
  if (!byte_level) made.symbols = made.spelled;
  return made;
}

/// A merge's two sides: "left right", or ["left", "right"].
std::pair<std::string_view, std::string_view> sides_of(const Element& merge, size_t number, const TokenizerFile& file) {
  std::string_view both, left, right;
  if (merge.get(both) == simdjson::SUCCESS) {
    const size_t gap = both.find(' ');
    if (gap != both.npos && both.find(' ', gap + 1) == both.npos) return {both.substr(0, gap), both.substr(gap + 1)};
  }
  simdjson::dom::array pair;
  if (merge.get(pair) == simdjson::SUCCESS && pair.size() == 2 && pair.at(0).get(left) == simdjson::SUCCESS &&
      pair.at(1).get(right) == simdjson::SUCCESS) {
    return {left, right};
  }
  throw InputError("{}: model: merges: merge {} is neither \"left right\" nor [\"left\", \"right\"].", file.path, number);
}

int32_t id_of_side(const Vocabulary& spelled, std::string_view token, size_t number, const TokenizerFile& file) {
  const auto id = spelled.find(token);
  if (!id)
    throw InputError("{}: model: merges: merge {} names \"{}\", which is not in the vocabulary.", file.path, number, token);
  return *id;
}

struct ReadMerges {
  MergeTable table;
  JoinedSpaces joined;
};

ReadMerges read_merges(const TokenizerFile& file, const Vocabulary& spelled) {
  const std::vector<Element> merges(file.merges.begin(), file.merges.end());
  struct Ids3 {
    int32_t left, right, made;
  };
  std::vector<Ids3> ids(merges.size());
  // Three look-ups in a table that no cache holds: the threads wait for memory side by side.
  at::parallel_for(0, static_cast<int64_t>(merges.size()), 4096, [&](int64_t begin, int64_t end) {
    std::string joined;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      const auto [left, right] = sides_of(merges[i], i + 1, file);
      joined.assign(left).append(right);
      ids[i] = {id_of_side(spelled, left, i + 1, file), id_of_side(spelled, right, i + 1, file),
                id_of_side(spelled, joined, i + 1, file)};
    }
  });
  ReadMerges made;
  made.table.reserve(merges.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    made.table.add(ids[i].left, ids[i].right, {static_cast<uint32_t>(i), ids[i].made});
    made.joined.note(spelled.text(ids[i].left), spelled.text(ids[i].right));
  }
  return made;
}

bool model_flag(const Json& model, const char* key, const std::string& path) {
  if (!model.contains(key) || model[key].is_null()) return false;
  if (!model[key].is_boolean())
    throw InputError("{}: model: {}: found {}, expected true or false.", path, key, shown(model[key]));
  return model[key];
}

/// Fields that change the result and are not implemented.
void refuse_unsupported(const TokenizerFile& file) {
  const Json& model = file.at("model");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (model.contains(key) && !model[key].is_null() && model[key] != "") {
      throw InputError("{}: model: {}: found {}, which is not implemented; expected null.", file.path, key, shown(model[key]));
    }
  }
  if (model.contains("dropout") && !model["dropout"].is_null() && model["dropout"] != 0.0) {
    throw InputError("{}: model: dropout: found {}, which is not implemented; expected null.", file.path,
                     shown(model["dropout"]));
  }
}

Bpe read_bpe(const TokenizerFile& file, bool byte_level, Vocabulary& spelled) {
  refuse_unsupported(file);
  const Json& model = file.at("model");
  Vocabularies vocabularies = read_vocabulary(file, byte_level);
  spelled = std::move(vocabularies.spelled);
  BpeOptions options;
  options.bytes = byte_level;
  options.byte_fallback = model_flag(model, "byte_fallback", file.path);
  options.fuse_unk = model_flag(model, "fuse_unk", file.path);
  options.ignore_merges = model_flag(model, "ignore_merges", file.path);
  if (model.contains("unk_token") && model["unk_token"].is_string()) {
    options.unk = spelled.find(model["unk_token"].get<std::string>());
    if (!options.unk)
      throw InputError("{}: model: unk_token: {} is not in the vocabulary.", file.path, shown(model["unk_token"]));
  }
  ReadMerges merges = read_merges(file, spelled);
  return Bpe(std::move(vocabularies.symbols), std::move(merges.table), std::move(merges.joined), options);
}

PreTokenizers read_pre_tokenizers(const TokenizerFile& file) {
  PreTokenizers made = make_pre_tokenizers({file.at("pre_tokenizer"), file.where("pre_tokenizer")});
  // Tokens <0x00> to <0xFF> stand for the bytes of characters, which are then those that bytes are spelled as.
  if (made.byte_level && model_flag(file.at("model"), "byte_fallback", file.path)) made.spell_bytes();
  return made;
}

std::vector<AddedToken> read_added(const TokenizerFile& file, const Vocabulary& spelled) {
  const Json& list = file.at("added_tokens");
  if (!list.is_null() && !list.is_array()) throw InputError("{}: added_tokens: expected an array.", file.path);
  std::vector<AddedToken> added;
  for (const Json& object : list) {
    AddedToken token = read_added_token(object, std::nullopt, file.where("added_tokens"));
    if (const auto id = spelled.find(token.content)) token.id = *id;
    added.push_back(std::move(token));
  }
  return added;
}

class TokenizerJson : public Tokenizer {
 public:
  TokenizerJson(const TokenizerFile& file, const fs::path& vocabulary, const TokenizerConfig& config)
      : file_(vocabulary),
        normalizer_(make_normalizer({file.at("normalizer"), file.where("normalizer")})),
        pre_tokenizers_(read_pre_tokenizers(file)),
        decoders_(make_decoders({file.at("decoder"), file.where("decoder")})),
        bpe_(read_bpe(file, pre_tokenizers_.byte_level, spelled_)) {
    add_tokens(read_added(file, spelled_));
    frame_ = make_frame({file.at("post_processor"), file.where("post_processor")});
    const KnownTokens known{[this](const std::string& text) -> std::optional<int64_t> { return spelled_.find(text); },
                            spelled_.size(), file_.filename().string()};
    bos_ = id_of(config.bos, known);
    eos_ = id_of(config.eos, known);
    if (config.rules_over_template()) follow(config);
  }

  Ids encode(std::string_view text, bool add_special, const std::vector<TextRange>& literal) const override {
    if (!is_valid_utf8(text)) return encode(repaired_utf8(text), add_special, {});
    Ids ids;
    ids.reserve(text.size() / 3 + 4);
    if (add_special) ids = frame_.before;
    for (const TextPart& part : raw_tokens_.split(text, literal)) {
      if (part.id >= 0) {
        ids.push_back(part.id);
      } else {
        encode_part(text.substr(part.begin, part.end - part.begin), part.begin, literal, ids);
      }
    }
    if (add_special) ids.insert(ids.end(), frame_.after.begin(), frame_.after.end());
    return ids;
  }

  Ids closing() const override { return frame_.after; }

  std::string decode(const Ids& ids, bool keep_special) const override {
    std::vector<std::string> tokens;
    for (const int64_t id : ids) {
      const std::string_view token = spelled_.text(id);
      if (!token.empty() && (keep_special || !is_special(id))) tokens.emplace_back(token);
    }
    run_decoders(decoders_, tokens, file_.string());
    std::string text;
    for (size_t i = 0; i < tokens.size(); ++i) text += (i > 0 && decoders_.empty() ? " " : "") + tokens[i];
    return text;
  }

  int64_t size() const override { return spelled_.size(); }
  std::optional<int64_t> bos() const override { return bos_; }
  std::optional<int64_t> eos() const override { return eos_; }
  fs::path file() const override { return file_; }

 private:
  void add_tokens(const std::vector<AddedToken>& tokens) {
    for (AddedToken token : tokens) {
      if (spelled_.text(token.id).empty()) spelled_.add(token.content, token.id);
      if (token.special) special_.push_back(token.id);
      if (token.normalized) normalize(token.content);
      (token.normalized ? normalized_tokens_ : raw_tokens_).add(token);
    }
    std::sort(special_.begin(), special_.end());
  }

  void follow(const TokenizerConfig& config) {
    if (config.add_bos_token) frame_.before = *config.add_bos_token && bos_ ? Ids{*bos_} : Ids{};
    if (config.add_eos_token) frame_.after = *config.add_eos_token && eos_ ? Ids{*eos_} : Ids{};
  }

  bool is_special(int64_t id) const { return std::binary_search(special_.begin(), special_.end(), id); }

  void normalize(std::string& text) const { run_normalizer(normalizer_, text, file_.string()); }

  /// Text between the raw added tokens; `begin` is its place in the whole.
  void encode_part(std::string_view raw, size_t begin, const std::vector<TextRange>& literal, Ids& ids) const {
    std::string normal;
    std::string_view text = raw;
    if (!normalizer_.empty()) {
      normal = raw;
      normalize(normal);
      text = normal;
    }
    if (normalized_tokens_.empty()) return encode_text(text, begin == 0, ids);
    // Places in the normalised text are not those of `literal`: where any of the part came from data, all of it counts as such.
    const bool from_data = std::any_of(literal.begin(), literal.end(),
                                       [&](const TextRange& r) { return begin < r.end && r.begin < begin + raw.size(); });
    for (const TextPart& part :
         normalized_tokens_.split(text, from_data ? std::vector<TextRange>{{0, text.size()}} : std::vector<TextRange>())) {
      if (part.id >= 0) {
        ids.push_back(part.id);
      } else {
        encode_text(text.substr(part.begin, part.end - part.begin), begin == 0 && part.begin == 0, ids);
      }
    }
  }

  void encode_text(std::string_view text, bool at_start, Ids& ids) const {
    Words words{{{text, at_start}}, {}};
    for (const auto& step : pre_tokenizers_.steps) step(words);
    for (const Word& word : words.words) bpe_.encode(word.text, ids);
  }

  fs::path file_;
  Vocabulary spelled_;  // tokens as the file spells them, added ones too
  std::vector<Normalizer> normalizer_;
  PreTokenizers pre_tokenizers_;
  std::vector<Decoder> decoders_;
  Bpe bpe_;
  AddedTokens raw_tokens_, normalized_tokens_;
  std::vector<int64_t> special_;  // sorted
  Frame frame_;
  std::optional<int64_t> bos_, eos_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer_json(const fs::path& folder) {
  TokenizerFile file;
  read_tokenizer_file(folder / "tokenizer.json", file);
  return std::make_unique<TokenizerJson>(file, file.path, read_tokenizer_config(folder));
}

std::unique_ptr<Tokenizer> tokenizer_of_json(const std::string& json, const fs::path& vocabulary,
                                             const TokenizerConfig& config) {
  TokenizerFile file;
  file.path = vocabulary.string();
  Element document;
  if (const auto error = file.parser.parse(json).get(document); error != simdjson::SUCCESS) {
    throw InputError("{}: cannot be read as JSON: {}.", file.path, simdjson::error_message(error));
  }
  read_document(document, file);
  return std::make_unique<TokenizerJson>(file, vocabulary, config);
}

}  // namespace hyplora
