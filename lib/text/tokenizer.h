// Text <-> token ids, as the checkpoint folder's files say.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/files.h"

namespace hyplora {

using Ids = std::vector<int64_t>;

/// Safe to use from several threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids of `text`; with `add_special`, BOS and EOS where the folder's configuration adds them.
  virtual Ids encode(std::string_view text, bool add_special = true) const = 0;
  /// Text of `ids`; special tokens leave nothing. Ids without a piece leave nothing either.
  virtual std::string decode(const Ids& ids) const = 0;

  virtual int64_t size() const = 0;
  virtual std::optional<int64_t> bos() const = 0;
  virtual std::optional<int64_t> eos() const = 0;
  /// The file the vocabulary came from.
  virtual fs::path file() const = 0;
};

/// The tokenizer of a checkpoint folder. InputError when there is none that can be used.
std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& folder);

}  // namespace hyplora
