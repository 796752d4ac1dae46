// Regular expressions of tokenizer.json: Oniguruma's syntax as far as tokenizers use it, run by PCRE2 with its compiler to machine code.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hyplora {

/// Safe to use from several threads at once.
class Pattern {
 public:
  /// InputError when `regex` cannot be compiled; `where` is named in it.
  Pattern(const std::string& regex, const std::string& where);

  struct Match {
    size_t begin, end;
  };
  /// The first match at or after `from` in valid UTF-8 text.
  std::optional<Match> find(std::string_view text, size_t from) const;

 private:
  std::shared_ptr<void> code_;
};

}  // namespace hyplora
