#include "text/oniguruma_class.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "core/error.h"

namespace hyplora {
namespace {

/// White_Space as ranges, which is quicker than the property.
constexpr std::string_view white_space =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view word = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
/// Outside of classes Oniguruma takes ² ³ ¹ ¼ ½ ¾ for word characters, too.
constexpr std::string_view word_outside = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})";
constexpr std::string_view hex_digit = "0-9A-Fa-f";
constexpr std::string_view any = R"(\x{0}-\x{10ffff})";

struct Named {
  std::string_view name, members;
};
/// The POSIX brackets, whose names are properties, too.
constexpr Named posix[] = {{"alnum", R"(\p{Alphabetic}\p{Nd})"},
                           {"alpha", R"(\p{Alphabetic})"},
                           {"ascii", R"(\x{0}-\x{7f})"},
                           {"blank", R"(\x{9}\p{Zs})"},
                           {"cntrl", R"(\p{Cc})"},
                           {"digit", R"(\p{Nd})"},
                           {"graph", R"(\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co})"},
                           {"lower", R"(\p{Lowercase})"},
                           {"print", R"(\p{L}\p{M}\p{N}\p{P}\p{S}\p{Cf}\p{Co}\p{Zs})"},
                           {"punct", R"(\p{P}\p{S})"},
                           {"space", white_space},
                           {"upper", R"(\p{Uppercase})"},
                           {"word", word},
                           {"xdigit", hex_digit}};

/// General categories by the names that PCRE2 does not know. As a property Punct holds no symbols.
constexpr Named categories[] = {{"any", any},
                                {"assigned", R"(\P{Cn})"},
                                {"casedletter", R"(\p{Lu}\p{Ll}\p{Lt})"},
                                {"lc", R"(\p{Lu}\p{Ll}\p{Lt})"},
                                {"closepunctuation", R"(\p{Pe})"},
                                {"connectorpunctuation", R"(\p{Pc})"},
                                {"control", R"(\p{Cc})"},
                                {"currencysymbol", R"(\p{Sc})"},
                                {"dashpunctuation", R"(\p{Pd})"},
                                {"decimalnumber", R"(\p{Nd})"},
                                {"enclosingmark", R"(\p{Me})"},
                                {"finalpunctuation", R"(\p{Pf})"},
                                {"format", R"(\p{Cf})"},
                                {"initialpunctuation", R"(\p{Pi})"},
                                {"letter", R"(\p{L})"},
                                {"letternumber", R"(\p{Nl})"},
                                {"lineseparator", R"(\p{Zl})"},
                                {"lowercaseletter", R"(\p{Ll})"},
                                {"mark", R"(\p{M})"},
                                {"combiningmark", R"(\p{M})"},
                                {"mathsymbol", R"(\p{Sm})"},
                                {"modifierletter", R"(\p{Lm})"},
                                {"modifiersymbol", R"(\p{Sk})"},
                                {"nonspacingmark", R"(\p{Mn})"},
                                {"number", R"(\p{N})"},
                                {"openpunctuation", R"(\p{Ps})"},
                                {"other", R"(\p{C})"},
                                {"otherletter", R"(\p{Lo})"},
                                {"othernumber", R"(\p{No})"},
                                {"otherpunctuation", R"(\p{Po})"},
                                {"othersymbol", R"(\p{So})"},
                                {"paragraphseparator", R"(\p{Zp})"},
                                {"privateuse", R"(\p{Co})"},
                                {"punct", R"(\p{P})"},
                                {"punctuation", R"(\p{P})"},
                                {"separator", R"(\p{Z})"},
                                {"spaceseparator", R"(\p{Zs})"},
                                {"spacingmark", R"(\p{Mc})"},
                                {"surrogate", R"(\p{Cs})"},
                                {"symbol", R"(\p{S})"},
                                {"titlecaseletter", R"(\p{Lt})"},
                                {"unassigned", R"(\p{Cn})"},
                                {"uppercaseletter", R"(\p{Lu})"}};

/// Properties that PCRE2 knows by the same names; every other name is a script's.
constexpr std::string_view same_names[] = {"alphabetic",
                                           "asciihexdigit",
                                           "bidicontrol",
                                           "cased",
                                           "caseignorable",
                                           "dash",
                                           "defaultignorablecodepoint",
                                           "diacritic",
                                           "emoji",
                                           "emojicomponent",
                                           "emojimodifier",
                                           "emojimodifierbase",
                                           "emojipresentation",
                                           "extendedpictographic",
                                           "extender",
                                           "graphemebase",
                                           "graphemeextend",
                                           "hexdigit",
                                           "idcontinue",
                                           "idstart",
                                           "ideographic",
                                           "joincontrol",
                                           "lowercase",
                                           "math",
                                           "noncharactercodepoint",
                                           "patternsyntax",
                                           "patternwhitespace",
                                           "quotationmark",
                                           "radical",
                                           "regionalindicator",
                                           "sentenceterminal",
                                           "softdotted",
                                           "terminalpunctuation",
                                           "unifiedideograph",
                                           "uppercase",
                                           "variationselector",
                                           "whitespace",
                                           "xidcontinue",
                                           "xidstart",
                                           "l",
                                           "lu",
                                           "ll",
                                           "lt",
                                           "lm",
                                           "lo",
                                           "m",
                                           "mn",
                                           "mc",
                                           "me",
                                           "n",
                                           "nd",
                                           "nl",
                                           "no",
                                           "p",
                                           "pc",
                                           "pd",
                                           "ps",
                                           "pe",
                                           "pi",
                                           "pf",
                                           "po",
                                           "s",
                                           "sm",
                                           "sc",
                                           "sk",
                                           "so",
                                           "z",
                                           "zs",
                                           "zl",
                                           "zp",
                                           "c",
                                           "cc",
                                           "cf",
                                           "cn",
                                           "co",
                                           "cs"};

std::optional<std::string_view> members_of(std::string_view name) {
  for (const Named& row : categories) {
    if (row.name == name) return row.members;
  }
  for (const Named& row : posix) {
    if (row.name == name) return row.members;
  }
  return std::nullopt;
}

CharacterSet property(OnigurumaCursor& cursor, bool negated) {
  const auto written = cursor.until('}');
  if (!written) cursor.refuse("\\p{", "is not closed");
  std::string name;
  for (const char c : *written) {
    if (c == ' ' || c == '_' || c == '-') continue;
    name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  if (name.starts_with('^')) {
    negated = !negated;
    name.erase(0, 1);
  }
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (!is_name || name.starts_with("in")) cursor.refuse(fmt::format("\\p{{{}}}", *written));
  if (const auto members = members_of(name)) return {std::string(*members), negated};
  const bool same = std::find(std::begin(same_names), std::end(same_names), name) != std::end(same_names);
  return {fmt::format("\\p{{{}{}}}", same ? "" : "sc:", name), negated};
}

/// [:alpha:] inside a class.
std::optional<CharacterSet> posix_bracket(OnigurumaCursor& cursor) {
  const std::string_view rest = cursor.text.substr(cursor.place);
  if (!rest.starts_with("[:")) return std::nullopt;
  const size_t end = rest.find(":]");
  if (end == rest.npos || end > 22) return std::nullopt;  // a class in this one
  std::string_view name = rest.substr(2, end - 2);
  const bool negated = name.starts_with('^');
  if (negated) name.remove_prefix(1);
  const auto row = std::find_if(std::begin(posix), std::end(posix), [&](const Named& r) { return r.name == name; });
  if (row == std::end(posix)) cursor.refuse(rest.substr(0, end + 2), "is no class");
  cursor.place += end + 2;
  return CharacterSet{std::string(row->members), negated};
}

/// The union of what stands in a class up to its end or &&.
struct Union {
  std::string members;              // of one class of PCRE2's
  std::vector<std::string> others;  // expressions that match one character

  void add(const CharacterSet& set) {
    const std::string_view name = set.members;
    if (!set.negated) {
      members += set.members;
    } else if (name == white_space) {
      members += R"(\P{White_Space})";
    } else if (name.starts_with("\\p") && name.find('}') == name.size() - 1) {
      members += fmt::format("\\P{}", name.substr(2));
    } else {
      others.push_back(set.regex());
    }
  }
  std::string regex() const {
    if (others.empty()) return members.empty() ? "(?!)" : CharacterSet{members}.regex();
    std::string all = members.empty() ? "" : CharacterSet{members}.regex() + "|";
    return fmt::format("(?:{}{})", all, fmt::join(others, "|"));
  }
};

class ClassReader {
 public:
  explicit ClassReader(OnigurumaCursor& cursor) : cursor_(cursor) {}

  std::string read() {
    cursor_.enter();
    const bool negated = cursor_.skip("^");
    std::vector<Union> all(1);
    if (cursor_.at("]")) add_characters(all.back());  // the first one is a character
    while (!cursor_.skip("]")) {
      if (cursor_.at_end()) cursor_.refuse("class", "is not closed");
      if (cursor_.skip("&&")) {
        all.emplace_back();
      } else {
        add(all.back());
      }
    }
    cursor_.leave();
    return regex_of(all, negated);
  }

 private:
  static std::string regex_of(const std::vector<Union>& all, bool negated) {
    if (all.size() == 1 && all[0].others.empty() && !all[0].members.empty())
      return CharacterSet{all[0].members, negated}.regex();
    std::string made;
    for (size_t i = 0; i + 1 < all.size(); ++i) made += fmt::format("(?={})", all[i].regex());
    made += all.back().regex();
    return negated ? fmt::format("(?:(?!{})(?s:.))", made) : fmt::format("(?:{})", made);
  }

  void add(Union& to) {
    if (const auto set = posix_bracket(cursor_)) return add_set(*set, to);
    if (cursor_.skip("[")) {
      to.others.push_back(ClassReader(cursor_).read());
      return;
    }
    if (cursor_.skip("\\")) {
      if (const auto set = escaped_set(cursor_)) {
        add_set(*set, to);
        if (cursor_.at("-") && !cursor_.at("-]")) to.members += pcre2_character(cursor_.next());  // no range begins there
        return;
      }
      --cursor_.place;
    }
    add_characters(to);
  }

  /// Oniguruma takes both cases of a class's members with (?i), PCRE2 not those of a property.
  void add_set(const CharacterSet& set, Union& to) {
    std::string members = set.members;
    for (char& c : members) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const char* cased : {"{lu}", "{ll}", "{lt}", "{uppercase}", "{lowercase}"}) {
      if (cursor_.ignore_case && members.find(cased) != std::string::npos)
        cursor_.refuse("class", "holds letters of one case, but ignores case");
    }
    to.add(set);
  }

  /// One character, or a range of them.
  void add_characters(Union& to) {
    const uint32_t first = character();
    to.members += pcre2_character(first);
    const std::string_view rest = cursor_.text.substr(cursor_.place);
    if (!rest.starts_with("-") || rest.starts_with("-]") || rest.starts_with("-&&")) return;
    ++cursor_.place;
    if (cursor_.at("[")) cursor_.refuse("class", "holds a range that ends with a class");
    if (cursor_.skip("\\")) {
      if (escaped_set(cursor_)) cursor_.refuse("class", "holds a range that ends with a class");
      --cursor_.place;
    }
    const uint32_t last = character();
    if (last < first) cursor_.refuse("class", "holds an empty range");
    to.members += "-" + pcre2_character(last);
    const bool more = cursor_.at("-") && !cursor_.at("-]") && !cursor_.at("-&&");
    if (more) to.members += pcre2_character(cursor_.next());  // [0-9-a]: no range begins there
  }

  uint32_t character() {
    if (!cursor_.skip("\\")) return cursor_.next();
    return cursor_.skip("b") ? '\b' : cursor_.escaped_character();
  }

  OnigurumaCursor& cursor_;
};

}  // namespace

std::optional<CharacterSet> escaped_set(OnigurumaCursor& cursor) {
  if (cursor.at_end()) return std::nullopt;
  const char c = cursor.text[cursor.place];
  const bool upper = c >= 'A' && c <= 'Z';
  switch (upper ? c + 32 : c) {
    case 'w':
      ++cursor.place;
      return CharacterSet{std::string(word), upper};
    case 'd':
      ++cursor.place;
      return CharacterSet{"\\p{Nd}", upper};
    case 's':
      ++cursor.place;
      return CharacterSet{std::string(white_space), upper};
    case 'h':
      ++cursor.place;
      return CharacterSet{std::string(hex_digit), upper};
    case 'p':
      if (cursor.text.substr(cursor.place + 1).starts_with("{")) {
        cursor.place += 2;
        return property(cursor, upper);
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string character_class(OnigurumaCursor& cursor) { return ClassReader(cursor).read(); }

std::optional<CharacterSet> escaped_set_outside(OnigurumaCursor& cursor) {
  auto set = escaped_set(cursor);
  if (set && set->members == word) set->members = word_outside;
  return set;
}

std::string word_boundary(bool inverted) {
  const std::string in = fmt::format("[{}]", word_outside);
  const char *first = inverted ? "=" : "!", *second = inverted ? "!" : "=";
  return fmt::format("(?:(?<={0})(?{1}{0})|(?<!{0})(?{2}{0}))", in, first, second);
}

}  // namespace hyplora
