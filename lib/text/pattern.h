// Regular expressions: of module paths and of answers, in PCRE2's syntax, and of tokenizer.json, in Oniguruma's (text/oniguruma.h);
// run by PCRE2 with its compiler to machine code.
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
  /// Of an expression in Oniguruma's syntax. InputError as above, or for a form that PCRE2 has no spelling for.
  static Pattern of_oniguruma(const std::string& regex, const std::string& where);

  struct Match {
    size_t begin, end;
    size_t group_begin = 0, group_end = 0;  // of the first group, empty where it took no part
  };
  /// The first match at or after `from` in valid UTF-8 text.
  std::optional<Match> find(std::string_view text, size_t from) const;
  /// The first group of the first or the last match that has one; without groups in the expression, the whole match.
  std::optional<std::string> first(std::string_view text) const { return pick(text, false); }
  std::optional<std::string> last(std::string_view text) const { return pick(text, true); }

 private:
  explicit Pattern(void* code);
  std::optional<std::string> pick(std::string_view text, bool last) const;

  std::shared_ptr<void> code_;
  bool has_group_ = false;
};

}  // namespace hyplora
