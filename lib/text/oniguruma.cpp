#include "text/oniguruma.h"

#include <vector>

#include "core/error.h"
#include "text/oniguruma_class.h"

namespace hyplora {
namespace {

/// Reads an expression from left to right and gives PCRE2's, part by part.
class Translation {
 public:
  /// `only_named`: groups without a name do not capture, since some group has one.
  Translation(std::string_view regex, const std::string& where, bool only_named)
      : cursor_{regex, where}, only_named_(only_named) {}

  std::string run() {
    std::string made = alternatives();
    if (!cursor_.at_end()) cursor_.refuse(")", "closes nothing");
    for (const size_t number : references_) {
      if (number == 0 || number > groups_) cursor_.refuse(fmt::format("\\{}", number), "refers to no group");
    }
    return made;
  }

  bool has_names() const { return !names_.empty(); }

 private:
  /// To the end or a parenthesis that closes.
  std::string alternatives() {
    std::string made;
    while (skip_blanks(), !cursor_.at_end() && !cursor_.at(")")) {
      if (cursor_.skip("|")) {
        made += "|";
      } else {
        made += repeated(atom());
      }
    }
    return made;
  }

  /// With (?x), white space and comments; (?#...) always.
  void skip_blanks() {
    while (!cursor_.at_end()) {
      if (cursor_.skip("(?#")) {
        bool closed = false;
        while (!closed && !cursor_.at_end()) {
          const uint32_t c = cursor_.next();
          if (c == '\\' && !cursor_.at_end()) cursor_.next();
          closed = c == ')';
        }
        if (!closed) cursor_.refuse("(?#", "is not closed");
      } else if (extended_ && std::string_view(" \t\n\r\f").find(cursor_.text[cursor_.place]) != std::string_view::npos) {
        ++cursor_.place;
      } else if (extended_ && cursor_.skip("#")) {
        while (!cursor_.at_end() && cursor_.next() != '\n') {
        }
      } else {
        return;
      }
    }
  }

  /// {n}, {n,}, {,m}, {n,m}; nothing where the brace is a character.
  struct Interval {
    std::string least, most;
    bool comma = false;
  };
  std::optional<Interval> interval() {
    const size_t begin = cursor_.place;
    const auto digits = [&] {
      std::string all;
      while (!cursor_.at_end() && cursor_.text[cursor_.place] >= '0' && cursor_.text[cursor_.place] <= '9')
        all += cursor_.text[cursor_.place++];
      return all;
    };
    Interval made;
    cursor_.skip("{");
    made.least = digits();
    made.comma = cursor_.skip(",");
    if (made.comma) made.most = digits();
    if (cursor_.skip("}") && !(made.least.empty() && made.most.empty())) {
      if (made.least.size() > 5 || made.most.size() > 5) cursor_.refuse("interval", "is too large");
      return made;
    }
    cursor_.place = begin;
    return std::nullopt;
  }

  /// The quantifier here in PCRE2's spelling, or nothing.
  std::string quantifier() {
    for (const char* sign : {"*", "+", "?"}) {
      if (!cursor_.skip(sign)) continue;
      if (cursor_.skip("?")) return std::string(sign) + "?";
      return std::string(sign) + (cursor_.skip("+") ? "+" : "");
    }
    if (!cursor_.at("{")) return {};
    const auto found = interval();
    if (!found) return {};
    if (!found->comma) return fmt::format("{{{}}}", found->least);  // a ? behind it is a quantifier of its own
    const std::string least = found->least.empty() ? "0" : found->least;
    if (!found->most.empty() && std::stoi(least) > std::stoi(found->most))
      return fmt::format("{{{},{}}}+", found->most, least);  // the wrong way round: possessive
    return fmt::format("{{{},{}}}{}", least, found->most, cursor_.skip("?") ? "?" : "");
  }

  /// An atom and its quantifiers. Each but the first repeats a group, since PCRE2 knows no `a{2}?*`.
  std::string repeated(std::string atom) {
    int levels = 0;
    skip_blanks();
    for (std::string times = quantifier(); !times.empty(); times = quantifier()) {
      atom = levels > 0 ? fmt::format("(?:{}){}", atom, times) : atom + times;
      if (++levels > OnigurumaCursor::most_levels) cursor_.refuse("chain of quantifiers", "is too long");
      skip_blanks();
    }
    return atom;
  }

  std::string atom() {
    if (cursor_.skip("(")) return group();
    if (cursor_.skip("[")) return character_class(cursor_);
    if (cursor_.skip("\\")) return escape();
    if (cursor_.skip(".")) return dot_all_ ? "(?s:.)" : "[^\\n]";
    for (const char* anchor : {"^", "$"}) {
      if (cursor_.skip(anchor)) return fmt::format("(?:{})", anchor);
    }
    if (cursor_.at("*") || cursor_.at("+") || cursor_.at("?")) cursor_.refuse("quantifier", "has nothing to repeat");
    if (cursor_.at("{") && interval()) cursor_.refuse("quantifier", "has nothing to repeat");
    return pcre2_character(cursor_.next());
  }

  std::string closed(const std::string& opening) {
    const bool extended = extended_, dot_all = dot_all_, ignored = cursor_.ignore_case;
    cursor_.enter();
    std::string made = opening + alternatives() + ")";
    if (!cursor_.skip(")")) cursor_.refuse("(", "is not closed");
    cursor_.leave();
    extended_ = extended;
    dot_all_ = dot_all;
    cursor_.ignore_case = ignored;
    return made;
  }

  std::string group() {
    for (const char* kind : {"?:", "?=", "?!", "?>", "?<=", "?<!"}) {
      if (!cursor_.skip(kind)) continue;
      const std::string made = closed(fmt::format("({}", kind));
      // PCRE2 repeats an assertion at most once, which is the same, but not with every quantifier.
      return kind[1] == ':' || kind[1] == '>' ? made : fmt::format("(?:{})", made);
    }
    if (cursor_.skip("?<")) return named('>');
    if (cursor_.skip("?'")) return named('\'');
    if (cursor_.skip("?")) return options();
    if (only_named_) return closed("(?:");
    ++groups_;
    return closed("(");
  }

  std::string named(char end) {
    const auto name = cursor_.until(end);
    if (!name || name->empty()) cursor_.refuse("(?<", "has no name");
    for (const auto& known : names_) {
      if (known == *name) cursor_.refuse(fmt::format("(?<{}>", *name), "stands there twice");
    }
    names_.emplace_back(*name);
    ++groups_;
    return closed("(");
  }

  /// (?imx-imx:...) and (?imx-imx), which reaches to the end of the group around it, over alternatives too.
  std::string options() {
    const size_t begin = cursor_.place;
    std::string ignore_case;
    const bool extended = extended_, dot_all = dot_all_, ignored = cursor_.ignore_case;
    bool on = true;
    while (!cursor_.at_end() && !cursor_.at(":") && !cursor_.at(")")) {
      const uint32_t option = cursor_.next();
      if (option == '-') {
        on = false;
      } else if (option == 'i') {
        ignore_case = on ? "i" : "-i";
        cursor_.ignore_case = on;
      } else if (option == 'm') {
        dot_all_ = on;
      } else if (option == 'x') {
        extended_ = on;
      } else {
        cursor_.refuse(fmt::format("(?{}", cursor_.text.substr(begin, cursor_.place - begin)));
      }
    }
    const std::string opening = fmt::format("(?{}:", ignore_case);
    if (cursor_.skip(":")) {
      std::string made = closed(opening);
      extended_ = extended;
      dot_all_ = dot_all;
      cursor_.ignore_case = ignored;
      return made;
    }
    if (!cursor_.skip(")")) cursor_.refuse("(?", "is not closed");
    cursor_.enter();
    std::string made = opening + alternatives() + ")";
    cursor_.leave();
    return made;  // the group around it restores what else was set
  }

  std::string escape() {
    if (const auto set = escaped_set_outside(cursor_)) return set->regex();
    struct Fixed {
      const char *escape, *regex;
    };
    static const Fixed fixed[] = {{"A", "(?:\\A)"},
                                  {"z", "(?:\\z)"},
                                  {"Z", "(?:\\Z)"},
                                  {"G", "(?:\\G)"},
                                  {"N", "[^\\n]"},
                                  {"O", "(?s:.)"},
                                  {"R", R"((?>\r\n|[\n-\r\x{85}\x{2028}\x{2029}]))"}};
    for (const Fixed& row : fixed) {
      if (cursor_.skip(row.escape)) return row.regex;
    }
    if (cursor_.skip("b")) return word_boundary(false);
    if (cursor_.skip("B")) return word_boundary(true);
    for (const char* form : {"K", "X", "y", "Y", "g<", "g'"}) {
      if (cursor_.at(form)) cursor_.refuse(fmt::format("\\{}", form));
    }
    if (cursor_.skip("k<")) return reference(cursor_.until('>'));
    if (cursor_.skip("k'")) return reference(cursor_.until('\''));
    if (const auto number = number_of_reference()) return refer_to(*number);
    return pcre2_character(cursor_.escaped_character());
  }

  /// \1 to \9, and more digits where there are as many groups so far; else the digits are octal.
  std::optional<size_t> number_of_reference() {
    size_t number = 0, end = cursor_.place;
    while (end < cursor_.text.size() && end < cursor_.place + 4 && cursor_.text[end] >= '0' && cursor_.text[end] <= '9')
      number = 10 * number + static_cast<size_t>(cursor_.text[end++] - '0');
    if (end == cursor_.place || cursor_.at("0") || (number > 9 && number > groups_)) return std::nullopt;
    if (only_named_) cursor_.refuse(fmt::format("\\{}", number), "cannot refer to groups that have names");
    cursor_.place = end;
    return number;
  }

  std::string refer_to(size_t number) {
    references_.push_back(number);
    return fmt::format("\\g{{{}}}", number);
  }

  std::string reference(const std::optional<std::string_view>& name) {
    if (!name || name->empty()) cursor_.refuse("\\k", "has no name");
    for (size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == *name) return refer_to(i + 1);
    }
    cursor_.refuse(fmt::format("\\k<{}>", *name), "names no group before it");
  }

  OnigurumaCursor cursor_;
  bool only_named_, extended_ = false, dot_all_ = false;
  size_t groups_ = 0;  // so far, that capture
  std::vector<std::string> names_;
  std::vector<size_t> references_;
};

}  // namespace

std::string pcre2_of_oniguruma(std::string_view regex, const std::string& where) {
  Translation translation(regex, where, false);
  std::string made;
  try {
    made = translation.run();
  } catch (const InputError&) {
    if (!translation.has_names()) throw;
  }
  return translation.has_names() ? Translation(regex, where, true).run() : made;
}

}  // namespace hyplora
