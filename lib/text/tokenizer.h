// Text <-> token ids, as the checkpoint folder's files say: tokenizer.json where there is one, else tokenizer.model, else vocab.json
// with merges.txt.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/files.h"

namespace hyplora {

using Ids = std::vector<int64_t>;

/// tokenizer_config.json of a checkpoint folder, which need not be there.
inline fs::path tokenizer_config_file(const fs::path& folder) { return folder / "tokenizer_config.json"; }

/// Bytes [begin, end) of a text.
struct TextRange {
  size_t begin, end;
};

/// Safe to use from several threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of `text`; with `add_special`, BOS and EOS where the folder's configuration adds them. Special tokens that are written
  /// in the text become their ids, but not inside the ranges `literal` (text that comes from data). Broken UTF-8 is repaired
  /// with U+FFFD.
  virtual Ids encode(std::string_view text, bool add_special = true, const std::vector<TextRange>& literal = {}) const = 0;
  /// What `encode` puts behind a text with `add_special`: EOS where the configuration adds it, or what a template has there.
  virtual Ids closing() const { return {}; }
  /// Ids of a text that is to be continued: as `encode` gives them with `add_special`, but nothing behind the text.
  Ids encode_prompt(std::string_view text, const std::vector<TextRange>& literal = {}) const {
    Ids ids = encode(text, true, literal);
    ids.resize(ids.size() - std::min(ids.size(), closing().size()));
    return ids;
  }
  /// Text of `ids`; special tokens leave nothing, unless kept. Ids without a token leave nothing either.
  virtual std::string decode(const Ids& ids, bool keep_special = false) const = 0;

  /// One more than the largest id.
  virtual int64_t size() const = 0;
  virtual std::optional<int64_t> bos() const = 0;
  virtual std::optional<int64_t> eos() const = 0;
  /// The file the vocabulary came from.
  virtual fs::path file() const = 0;
  /// Every file that has a say in ids, whether it is there or not, by what it is: "tokenizer" is `file()`.
  std::map<std::string, fs::path> files() const;
};

/// The tokenizer of a checkpoint folder. InputError when there is none that can be used.
std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& folder);

/// Decodes ids one after the other: each call gives the text that is complete by then, never half a character.
class TextStream {
 public:
  explicit TextStream(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}
  std::string next(int64_t id);
  /// What was held back.
  std::string rest();

 private:
  std::string text() const { return tokenizer_.decode(ids_); }

  const Tokenizer& tokenizer_;
  Ids ids_;            // those whose text may still change, after some that give them their context
  std::string given_;  // of their text
};

}  // namespace hyplora
