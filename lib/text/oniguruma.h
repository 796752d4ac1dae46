// Regular expressions in Oniguruma's syntax (its Ruby flavour, which tokenizer.json is written in) spelled anew for PCRE2. The two
// differ silently: `\h` is a hexadecimal digit, `(?m)` lets the dot match line ends, `^` and `$` always match at lines, `{n,m}+` is
// not possessive, `(?i)` reaches over the alternatives behind it, classes nest and intersect, `\w` holds marks.
// Grammar: https://github.com/kkos/oniguruma/blob/v6.9.8/doc/RE and doc/SYNTAX.md.
#pragma once

#include <string>
#include <string_view>

namespace hyplora {

/// For PCRE2 with UTF, UCP and MULTILINE, where only a line feed ends a line. InputError names `where`, the expression and the form
/// in it that has no translation or that Oniguruma refuses itself. Time and length are linear in the expression's.
std::string pcre2_of_oniguruma(std::string_view regex, const std::string& where);

}  // namespace hyplora
