#include "text/sentencepiece.h"

#include <map>

#include "core/error.h"
#include "text/piece_model.h"
#include "text/tokenizer_config.h"

namespace hyplora {
namespace {

class SentencePiece : public Tokenizer {
 public:
  SentencePiece(const fs::path& model, const TokenizerConfig& config) : file_(model) {
    const std::string bytes = read_file(model);
    if (!bytes.empty()) model_ = open_piece_model(bytes);
    if (!model_) {
      throw InputError("{}: cannot be read as a sentencepiece model; the file is corrupt or of another kind.", model.string());
    }
    add_control_tokens();
    for (const AddedToken& token : config.added) add_token(token, config);
    const KnownTokens known{[this](const std::string& text) { return find(text); }, size_, file_.filename().string()};
    const auto own = [](int id) { return id >= 0 ? std::optional<int64_t>(id) : std::nullopt; };
    bos_ = id_of(config.bos, known, own(model_->bos()));
    eos_ = id_of(config.eos, known, own(model_->eos()));
    add_bos_ = config.add_bos_token.value_or(true);
    add_eos_ = config.add_eos_token.value_or(false);
  }

  Ids encode(std::string_view text, bool add_special, const std::vector<TextRange>& literal) const override {
    Ids ids;
    if (add_special && add_bos_ && bos_) ids.push_back(*bos_);
    if (literal.empty()) {
      encode_plain(text, ids);
    } else {
      for (const TextPart& part : tokens_.split(text, literal)) {
        if (part.id >= 0) {
          ids.push_back(part.id);
        } else {
          encode_plain(text.substr(part.begin, part.end - part.begin), ids);
        }
      }
    }
    if (add_special && add_eos_ && eos_) ids.push_back(*eos_);
    return ids;
  }

  Ids closing() const override { return add_eos_ && eos_ ? Ids{*eos_} : Ids{}; }

  std::string decode(const Ids& ids, bool keep_special) const override {
    std::string text;
    std::vector<int> pieces;
    const auto flush = [&] {
      std::string part;
      const std::string fault = model_->decode(pieces, part);
      if (!fault.empty()) throw InputError("{}: ids cannot be decoded: {}.", file_.string(), fault);
      text += part;
      pieces.clear();
    };
    for (const int64_t id : ids) {
      const auto added = names_.find(id);
      if (added != names_.end()) {
        if (!keep_special) continue;
        flush();
        text += added->second;
      } else if (id >= 0 && id < model_->size()) {
        pieces.push_back(static_cast<int>(id));
      }
    }
    flush();
    return text;
  }

  int64_t size() const override { return size_; }
  std::optional<int64_t> bos() const override { return bos_; }
  std::optional<int64_t> eos() const override { return eos_; }
  fs::path file() const override { return file_; }

 private:
  void encode_plain(std::string_view text, Ids& ids) const {
    std::vector<int> pieces;
    const std::string fault = model_->encode(text, pieces);
    if (!fault.empty()) throw InputError("{}: a text cannot be encoded: {}.", file_.string(), fault);
    ids.insert(ids.end(), pieces.begin(), pieces.end());
  }

  void add_control_tokens() {
    size_ = model_->size();
    for (int id = 0; id < model_->size(); ++id) {
      if (!model_->is_control(id) && !model_->is_unknown(id)) continue;
      names_[id] = model_->piece(id);
      AddedToken token;
      token.id = id;
      token.content = model_->piece(id);
      token.special = true;
      tokens_.add(token);
    }
  }

  /// A token of the configuration: one of the model's own by another rule, or one after them.
  void add_token(const AddedToken& token, const TokenizerConfig& config) {
    if (token.id < model_->size() && model_->piece(token.id) != token.content) {
      throw InputError("{}: added_tokens_decoder: token {} is \"{}\", but \"{}\" in {}.", config.file, token.id, token.content,
                       model_->piece(token.id), file_.filename().string());
    }
    size_ = std::max<int64_t>(size_, token.id + 1);
    if (token.special || token.id >= model_->size()) names_[token.id] = token.content;
    tokens_.add(token);
  }

  std::optional<int64_t> find(const std::string& text) const {
    for (const auto& [id, name] : names_) {
      if (name == text) return id;
    }
    const int id = model_->id(text);
    return model_->piece(id) == text ? std::optional<int64_t>(id) : std::nullopt;
  }

  fs::path file_;
  std::unique_ptr<PieceModel> model_;
  AddedTokens tokens_;
  std::map<int64_t, std::string>
      names_;  // of what decoding leaves out: control symbols, special tokens, those after the model's own
  int64_t size_ = 0;
  std::optional<int64_t> bos_, eos_;
  bool add_bos_ = true, add_eos_ = false;
};

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece(const fs::path& folder) {
  return std::make_unique<SentencePiece>(folder / "tokenizer.model", read_tokenizer_config(folder));
}

}  // namespace hyplora
