#include "text/pipeline.h"

#include <numeric>
#include <unordered_map>

#include "core/error.h"
#include "text/byte_alphabet.h"
#include "text/pattern.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

/// The pattern of GPT-2 that ByteLevel uses by itself.
const char* const gpt2_pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

std::string type_of(const Component& c) {
  if (!c.json.is_object() || !c.json.contains("type") || !c.json["type"].is_string()) {
    throw InputError("{}: expected an object with a \"type\".", c.where);
  }
  return c.json["type"];
}

[[noreturn]] void unknown(const Component& c, const std::string& known) {
  throw InputError("{}: type: found \"{}\", which is not implemented; expected one of {}.", c.where, type_of(c), known);
}

std::string text_at(const Component& c, const char* key, std::optional<std::string> otherwise = std::nullopt) {
  if (!c.json.contains(key) && otherwise) return *otherwise;
  if (!c.json.contains(key) || !c.json[key].is_string()) throw InputError("{}: {}: expected a string.", c.where, key);
  return c.json[key];
}

bool flag_at(const Component& c, const char* key, bool otherwise) {
  if (!c.json.contains(key) || c.json[key].is_null()) return otherwise;
  if (!c.json[key].is_boolean())
    throw InputError("{}: {}: found {}, expected true or false.", c.where, key, shown(c.json[key]));
  return c.json[key];
}

int64_t count_at(const Component& c, const char* key) {
  if (!c.json.contains(key) || !c.json[key].is_number_unsigned()) throw InputError("{}: {}: expected a number.", c.where, key);
  return c.json[key];
}

/// The elements of a Sequence.
std::vector<Component> elements(const Component& c, const char* key) {
  if (!c.json.contains(key) || !c.json[key].is_array()) throw InputError("{}: {}: expected an array.", c.where, key);
  std::vector<Component> all;
  for (size_t i = 0; i < c.json[key].size(); ++i)
    all.push_back({c.json[key][i], fmt::format("{}: {} {}", c.where, key, i + 1)});
  return all;
}

using Finder = std::function<std::optional<Pattern::Match>(std::string_view, size_t)>;

/// {"String": ...} or {"Regex": ...}; empty matches are not reported.
Finder finder(const Component& c) {
  const Json& pattern = c.json.contains("pattern") ? c.json["pattern"] : Json();
  if (pattern.is_object() && pattern.contains("String") && pattern["String"].is_string() &&
      !pattern["String"].get<std::string>().empty()) {
    return
        [wanted = pattern["String"].get<std::string>()](std::string_view text, size_t from) -> std::optional<Pattern::Match> {
          const size_t place = text.find(wanted, from);
          if (place == text.npos) return std::nullopt;
          return Pattern::Match{place, place + wanted.size()};
        };
  }
  if (!pattern.is_object() || !pattern.contains("Regex") || !pattern["Regex"].is_string()) {
    throw InputError("{}: pattern: found {}, expected a String or a Regex.", c.where, shown(pattern));
  }
  return [regex = Pattern(pattern["Regex"], c.where)](std::string_view text, size_t from) -> std::optional<Pattern::Match> {
    while (from < text.size()) {
      const auto match = regex.find(text, from);
      if (!match || match->end > match->begin) return match;
      from = match->begin < text.size() ? match->begin + character_at(text, match->begin).bytes : text.size();
    }
    return std::nullopt;
  };
}

void replace_all(std::string& text, const Finder& find, const std::string& content) {
  const size_t limit = growth_limit(text.size());
  std::string made;
  size_t done = 0;
  for (auto match = find(text, 0); match; match = find(text, done)) {
    made.append(text, done, match->begin - done);
    made += content;
    if (made.size() > limit) throw InputError("Replace: makes more than {} bytes of a text.", limit);
    done = match->end;
  }
  if (done == 0 && made.empty()) return;
  made.append(text, done);
  text = std::move(made);
}

using Replacement = std::function<void(std::string&)>;
Replacement make_replace(const Component& c) {
  return [find = finder(c), content = text_at(c, "content")](std::string& text) { replace_all(text, find, content); };
}

// Pre-tokenizers

enum class Behavior { isolated, removed, merged_with_previous, merged_with_next, contiguous };

Behavior behavior_of(const Component& c) {
  const std::string name = text_at(c, "behavior");
  if (name == "Isolated") return Behavior::isolated;
  if (name == "Removed") return Behavior::removed;
  if (name == "MergedWithPrevious") return Behavior::merged_with_previous;
  if (name == "MergedWithNext") return Behavior::merged_with_next;
  if (name == "Contiguous") return Behavior::contiguous;
  throw InputError("{}: behavior: found \"{}\", expected Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous.",
                   c.where, name);
}

struct Stretch {
  size_t begin, end;
  bool delimiter;
};

/// The matches and what lies between them; `invert` exchanges their roles.
std::vector<Stretch> stretches(std::string_view text, const Finder& find, bool invert) {
  std::vector<Stretch> all;
  size_t done = 0;
  for (auto match = find(text, 0); match; match = find(text, done)) {
    if (done < match->begin) all.push_back({done, match->begin, invert});
    all.push_back({match->begin, match->end, !invert});
    done = match->end;
  }
  if (done < text.size()) all.push_back({done, text.size(), invert});
  return all;
}

void join_neighbours(std::vector<Stretch>& all, Behavior behavior) {
  std::vector<Stretch> joined;
  bool open = false;  // merged_with_next: the last one in `joined` is a delimiter that waits for what follows
  for (const Stretch& s : all) {
    const bool same = !joined.empty() && behavior == Behavior::contiguous && joined.back().delimiter == s.delimiter;
    const bool to_previous =
        !joined.empty() && behavior == Behavior::merged_with_previous && s.delimiter && !joined.back().delimiter;
    const bool to_next = open && !s.delimiter;
    if (same || to_previous || to_next) {
      joined.back().end = s.end;
      if (to_previous) joined.back().delimiter = true;  // takes no second one
      open = false;
      continue;
    }
    joined.push_back(s);
    open = behavior == Behavior::merged_with_next && s.delimiter;
  }
  all = std::move(joined);
}

PreTokenizer split_by(Finder find, Behavior behavior, bool invert) {
  return [find = std::move(find), behavior, invert](Words& words) {
    std::vector<Word> made;
    for (const Word& word : words.words) {
      auto parts = stretches(word.text, find, invert);
      if (behavior != Behavior::isolated && behavior != Behavior::removed) join_neighbours(parts, behavior);
      for (const Stretch& part : parts) {
        if (part.delimiter && behavior == Behavior::removed) continue;
        made.push_back({word.text.substr(part.begin, part.end - part.begin), word.at_start && part.begin == 0});
      }
    }
    words.words = std::move(made);
  };
}

PreTokenizer make_split(const Component& c) { return split_by(finder(c), behavior_of(c), flag_at(c, "invert", false)); }

PreTokenizer prefix_space() {
  return [](Words& words) {
    for (Word& word : words.words) {
      if (word.text.starts_with(' ')) continue;
      word.text = words.owned.emplace_back(" " + std::string(word.text));
    }
  };
}

enum class Prepend { first, always, never };

Prepend prepend_scheme(const Component& c) {
  const std::string name = text_at(c, "prepend_scheme", flag_at(c, "add_prefix_space", true) ? "always" : "never");
  if (name == "first") return Prepend::first;
  if (name == "always") return Prepend::always;
  if (name == "never") return Prepend::never;
  throw InputError("{}: prepend_scheme: found \"{}\", expected first, always or never.", c.where, name);
}

std::vector<PreTokenizer> make_metaspace(const Component& c) {
  const std::string mark = text_at(c, "replacement");
  const Prepend scheme = prepend_scheme(c);
  std::vector<PreTokenizer> steps{[mark, scheme](Words& words) {
    for (Word& word : words.words) {
      std::string text;
      for (const char letter : word.text) text += letter == ' ' ? mark : std::string(1, letter);
      const bool wants = scheme == Prepend::always || (scheme == Prepend::first && word.at_start);
      if (wants && !text.starts_with(mark)) text = mark + text;
      word.text = words.owned.emplace_back(std::move(text));
    }
  }};
  if (flag_at(c, "split", true)) {
    const Json pattern{{"pattern", {{"String", mark}}}};
    steps.push_back(split_by(finder({pattern, c.where}), Behavior::merged_with_next, false));
  }
  return steps;
}

void add_pre_tokenizer(const Component& c, PreTokenizers& to) {
  if (c.json.is_null()) return;
  const std::string type = type_of(c);
  if (to.byte_level) throw InputError("{}: found {} after ByteLevel, which is not implemented.", c.where, type);
  if (type == "Sequence") {
    for (const auto& element : elements(c, "pretokenizers")) add_pre_tokenizer(element, to);
  } else if (type == "Split") {
    to.steps.push_back(make_split(c));
  } else if (type == "ByteLevel") {
    to.byte_level = true;
    if (flag_at(c, "add_prefix_space", true)) to.steps.push_back(prefix_space());
    if (flag_at(c, "use_regex", true)) {
      const Json pattern{{"pattern", {{"Regex", gpt2_pattern}}}};
      to.steps.push_back(split_by(finder({pattern, c.where}), Behavior::isolated, false));
    }
  } else if (type == "Metaspace") {
    for (auto& step : make_metaspace(c)) to.steps.push_back(std::move(step));
  } else {
    unknown(c, "Sequence, Split, ByteLevel, Metaspace");
  }
}

// Decoders

void fuse(std::vector<std::string>& tokens) {
  std::string all;
  for (const auto& token : tokens) all += token;
  tokens = {std::move(all)};
}

/// The byte of a token <0x00> to <0xFF>.
std::optional<char> byte_of(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  int value = 0;
  for (const char digit : {token[3], token[4]}) {
    const bool decimal = digit >= '0' && digit <= '9', upper = digit >= 'A' && digit <= 'F',
               lower = digit >= 'a' && digit <= 'f';
    if (!decimal && !upper && !lower) return std::nullopt;
    value = value * 16 + (decimal ? digit - '0' : upper ? digit - 'A' + 10 : digit - 'a' + 10);
  }
  return static_cast<char>(value);
}

/// Runs of byte tokens become their text, or one U+FFFD a byte where they are none.
void byte_fallback(std::vector<std::string>& tokens) {
  std::vector<std::string> made;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (is_valid_utf8(bytes)) {
      made.push_back(bytes);
    } else {
      made.insert(made.end(), bytes.size(), "\xEF\xBF\xBD");
    }
    bytes.clear();
  };
  for (auto& token : tokens) {
    if (const auto byte = byte_of(token)) {
      bytes += *byte;
      continue;
    }
    flush();
    made.push_back(std::move(token));
  }
  flush();
  tokens = std::move(made);
}

Decoder make_strip(const Component& c) {
  return [content = text_at(c, "content"), start = count_at(c, "start"),
          stop = count_at(c, "stop")](std::vector<std::string>& tokens) {
    for (auto& token : tokens) {
      for (int64_t i = 0; i < start && !content.empty() && token.starts_with(content); ++i) token.erase(0, content.size());
      for (int64_t i = 0; i < stop && !content.empty() && token.ends_with(content); ++i)
        token.erase(token.size() - content.size());
    }
  };
}

void byte_level(std::vector<std::string>& tokens) {
  std::string bytes;
  for (const auto& token : tokens) bytes += bytes_of_byte_level(token).value_or(token);
  tokens = {repaired_utf8(bytes)};
}

Decoder make_metaspace_decoder(const Component& c) {
  return [mark = text_at(c, "replacement"), drops = prepend_scheme(c) != Prepend::never](std::vector<std::string>& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const auto find = [&](std::string_view text, size_t from) -> std::optional<Pattern::Match> {
        const size_t place = text.find(mark, from);
        return place == text.npos ? std::nullopt : std::optional(Pattern::Match{place, place + mark.size()});
      };
      replace_all(tokens[i], find, i == 0 && drops ? "" : " ");
    }
  };
}

void add_decoder(const Component& c, std::vector<Decoder>& to) {
  if (c.json.is_null()) return;
  const std::string type = type_of(c);
  if (type == "Sequence") {
    for (const auto& element : elements(c, "decoders")) add_decoder(element, to);
  } else if (type == "Replace") {
    to.push_back([replace = make_replace(c)](std::vector<std::string>& tokens) {
      for (auto& token : tokens) replace(token);
    });
  } else if (type == "ByteFallback") {
    to.push_back(byte_fallback);
  } else if (type == "Fuse") {
    to.push_back(fuse);
  } else if (type == "Strip") {
    to.push_back(make_strip(c));
  } else if (type == "ByteLevel") {
    to.push_back(byte_level);
  } else if (type == "Metaspace") {
    to.push_back(make_metaspace_decoder(c));
  } else {
    unknown(c, "Sequence, Replace, ByteFallback, Fuse, Strip, ByteLevel, Metaspace");
  }
}

void add_normalizer(const Component& c, std::vector<Normalizer>& to) {
  if (c.json.is_null()) return;
  const std::string type = type_of(c);
  const std::unordered_map<std::string, NormalForm> forms{
      {"NFC", NormalForm::nfc}, {"NFD", NormalForm::nfd}, {"NFKC", NormalForm::nfkc}, {"NFKD", NormalForm::nfkd}};
  if (type == "Sequence") {
    for (const auto& element : elements(c, "normalizers")) add_normalizer(element, to);
  } else if (type == "Prepend") {
    to.push_back([prefix = text_at(c, "prepend")](std::string& text) {
      if (!text.empty()) text.insert(0, prefix);
    });
  } else if (type == "Replace") {
    to.push_back(make_replace(c));
  } else if (forms.contains(type)) {
    to.push_back([form = forms.at(type)](std::string& text) { text = normal_form(text, form); });
  } else {
    unknown(c, "Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD");
  }
}

}  // namespace

std::vector<Normalizer> make_normalizer(const Component& component) {
  std::vector<Normalizer> steps;
  add_normalizer(component, steps);
  return steps;
}

PreTokenizers make_pre_tokenizers(const Component& component) {
  PreTokenizers made;
  add_pre_tokenizer(component, made);
  return made;
}

std::vector<Decoder> make_decoders(const Component& component) {
  std::vector<Decoder> steps;
  add_decoder(component, steps);
  return steps;
}

void run_normalizer(const std::vector<Normalizer>& steps, std::string& text, const std::string& file) {
  const size_t limit = growth_limit(text.size());
  for (const auto& step : steps) {
    step(text);
    if (text.size() > limit) throw InputError("{}: normalizer: makes more than {} bytes of a text.", file, limit);
  }
}

void run_decoders(const std::vector<Decoder>& steps, std::vector<std::string>& tokens, const std::string& file) {
  const auto bytes = [&] {
    return std::accumulate(tokens.begin(), tokens.end(), size_t{0}, [](size_t sum, const auto& t) { return sum + t.size(); });
  };
  const size_t limit = growth_limit(bytes());
  for (const auto& step : steps) {
    step(tokens);
    if (bytes() > limit) throw InputError("{}: decoder: makes more than {} bytes of a text.", file, limit);
  }
}

}  // namespace hyplora
