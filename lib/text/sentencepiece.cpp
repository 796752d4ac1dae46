#include "text/sentencepiece.h"

#include <sentencepiece_processor.h>

#include "core/error.h"

namespace hyplora {
namespace {

using Json = nlohmann::ordered_json;

/// A special token in tokenizer_config.json: a string, an object with "content", or null.
std::optional<std::string> token_text(const Json& config, const char* key) {
  if (!config.contains(key)) return std::nullopt;
  const Json& value = config[key];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string()) return value["content"].get<std::string>();
  return std::nullopt;
}

bool flag(const Json& config, const char* key, bool otherwise, const fs::path& path) {
  if (!config.contains(key) || config[key].is_null()) return otherwise;
  if (!config[key].is_boolean()) throw InputError("{}: {}: found {}, expected true or false.", path.string(), key, config[key].dump());
  return config[key].get<bool>();
}

class SentencePiece : public Tokenizer {
 public:
  SentencePiece(const fs::path& model, const fs::path& config_path, const Json& config) : file_(model) {
    const std::string bytes = read_file(model);
    if (bytes.empty() || !processor_.LoadFromSerializedProto(bytes).ok()) {
      throw InputError("{}: cannot be read as a sentencepiece model; the file is corrupt or of another kind.", model.string());
    }
    bos_ = special(config, "bos_token", processor_.bos_id());
    eos_ = special(config, "eos_token", processor_.eos_id());
    add_bos_ = flag(config, "add_bos_token", true, config_path);
    add_eos_ = flag(config, "add_eos_token", false, config_path);
  }

  Ids encode(std::string_view text, bool add_special) const override {
    std::vector<int> pieces;
    const auto status = processor_.Encode(absl::string_view(text.data(), text.size()), &pieces);
    if (!status.ok()) throw InputError("{}: a text cannot be encoded: {}.", file_.string(), status.ToString());
    Ids ids;
    ids.reserve(pieces.size() + 2);
    if (add_special && add_bos_ && bos_) ids.push_back(*bos_);
    ids.insert(ids.end(), pieces.begin(), pieces.end());
    if (add_special && add_eos_ && eos_) ids.push_back(*eos_);
    return ids;
  }

  std::string decode(const Ids& ids) const override {
    std::vector<int> pieces;
    for (const int64_t id : ids) {
      if (id >= 0 && id < size() && !processor_.IsControl(static_cast<int>(id)) && !processor_.IsUnknown(static_cast<int>(id))) {
        pieces.push_back(static_cast<int>(id));
      }
    }
    std::string text;
    const auto status = processor_.Decode(pieces, &text);
    if (!status.ok()) throw InputError("{}: ids cannot be decoded: {}.", file_.string(), status.ToString());
    return text;
  }

  int64_t size() const override { return processor_.GetPieceSize(); }
  std::optional<int64_t> bos() const override { return bos_; }
  std::optional<int64_t> eos() const override { return eos_; }
  fs::path file() const override { return file_; }

 private:
  std::optional<int64_t> special(const Json& config, const char* key, int builtin) const {
    const auto text = token_text(config, key);
    if (!text) return builtin >= 0 ? std::optional<int64_t>(builtin) : std::nullopt;
    const int id = processor_.PieceToId(*text);
    if (processor_.IdToPiece(id) != *text) {
      throw InputError("{}: {} is \"{}\", which is not a piece of {}.", (file_.parent_path() / "tokenizer_config.json").string(), key,
                       *text, file_.filename().string());
    }
    return id;
  }

  fs::path file_;
  sentencepiece::SentencePieceProcessor processor_;
  std::optional<int64_t> bos_, eos_;
  bool add_bos_ = true, add_eos_ = false;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece(const fs::path& folder) {
  const fs::path config_path = folder / "tokenizer_config.json";
  const Json config = fs::exists(config_path) ? read_json(config_path) : Json::object();
  if (!config.is_object()) throw InputError("{}: expected a JSON object.", config_path.string());
  return std::make_unique<SentencePiece>(folder / "tokenizer.model", config_path, config);
}

}  // namespace hyplora
