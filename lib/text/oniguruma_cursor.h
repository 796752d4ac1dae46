// A place in an expression of Oniguruma's syntax, and what can be read there whatever surrounds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hyplora {

struct OnigurumaCursor {
  std::string_view text;
  std::string where;
  size_t place = 0;
  int depth = 0;             // of groups and classes around it
  bool ignore_case = false;  // here

  static constexpr int most_levels = 100;

  bool at_end() const { return place >= text.size(); }
  bool at(std::string_view wanted) const { return text.substr(place).starts_with(wanted); }
  /// Goes behind `wanted` if it stands here.
  bool skip(std::string_view wanted);
  /// The character here; goes behind it.
  uint32_t next();
  /// What stands before `end`; goes behind that. Nothing, and no move, where it does not come.
  std::optional<std::string_view> until(char end);
  void enter();
  void leave() { --depth; }

  [[noreturn]] void refuse(std::string_view form, std::string_view reason = "has no translation") const;

  /// The character that an escape stands for, behind whose backslash this is: \n \x41 \x{41} \u0041 \101 \o{101} \cA \C-A, or
  /// itself. Backreferences and escapes that stand for more were taken before.
  uint32_t escaped_character();

 private:
  uint32_t number(int base, size_t most_digits);
  uint32_t braced(int base);
};

/// A character as PCRE2 reads it inside and outside of a class.
std::string pcre2_character(uint32_t code);

}  // namespace hyplora
