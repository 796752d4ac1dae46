#include "text/pre_tokenizers.h"

#include "core/error.h"
#include "text/byte_alphabet.h"
#include "text/split.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

/// The pattern of GPT-2 that ByteLevel uses by itself.
const char* const gpt2_pattern = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

PreTokenizer split_by(Cut cut) {
  return [cut = std::move(cut)](Words& words) {
    std::vector<Word> made;
    for (const Word& word : words.words) {
      for (const std::string_view part : parts_of(word.text, cut))
        made.push_back({part, word.at_start && part.data() == word.text.data()});
    }
    words.words = std::move(made);
  };
}

PreTokenizer prefix_space() {
  return [](Words& words) {
    for (Word& word : words.words) {
      if (word.text.starts_with(' ')) continue;
      word.text = words.owned.emplace_back(" " + std::string(word.text));
    }
  };
}

std::vector<PreTokenizer> make_byte_level(const Component& c) {
  std::vector<PreTokenizer> steps;
  if (flag_at(c, "add_prefix_space", true)) steps.push_back(prefix_space());
  if (flag_at(c, "use_regex", true)) {
    const Json pattern{{"pattern", {{"Regex", gpt2_pattern}}}};
    steps.push_back(split_by({finder_of({pattern, c.where}), Behavior::isolated}));
  }
  return steps;
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
  if (flag_at(c, "split", true)) steps.push_back(split_by({find_string(mark), Behavior::merged_with_next}));
  return steps;
}

/// Runs of word characters, and of what is neither that nor white space; white space goes.
std::vector<PreTokenizer> make_whitespace() {
  return {split_by({find_character(is_white_space), Behavior::removed}),
          split_by({find_character(is_word_character), Behavior::contiguous})};
}

std::vector<PreTokenizer> make_delimiter_split(const Component& c) {
  const std::string delimiter = text_at(c, "delimiter");
  if (delimiter.empty() || character_at(delimiter, 0).bytes != delimiter.size())
    throw InputError("{}: delimiter: found {}, expected one character.", c.where, shown(c.json["delimiter"]));
  return {split_by({find_string(delimiter), Behavior::removed})};
}

struct Step {
  const char* type;
  std::vector<PreTokenizer> (*make)(const Component&);
};
const Step steps[] = {
    {"Split",
     [](const Component& c) -> std::vector<PreTokenizer> {
       return {split_by({finder_of(c), behavior_of(c), flag_at(c, "invert", false)})};
     }},
    {"ByteLevel", make_byte_level},
    {"Metaspace", make_metaspace},
    {"Digits",
     [](const Component& c) -> std::vector<PreTokenizer> {
       const bool individual = flag_at(c, "individual_digits", false);
       return {split_by({find_character(is_numeric), individual ? Behavior::isolated : Behavior::contiguous})};
     }},
    {"Punctuation",
     [](const Component& c) -> std::vector<PreTokenizer> {
       return {split_by({find_character(is_punctuation), behavior_of(c, "Isolated")})};
     }},
    {"Whitespace", [](const Component&) { return make_whitespace(); }},
    {"WhitespaceSplit",
     [](const Component&) -> std::vector<PreTokenizer> {
       return {split_by({find_character(is_white_space), Behavior::removed})};
     }},
    {"BertPreTokenizer",
     [](const Component&) -> std::vector<PreTokenizer> {
       return {split_by({find_character(is_white_space), Behavior::removed}),
               split_by({find_character(is_punctuation), Behavior::isolated})};
     }},
    {"CharDelimiterSplit", make_delimiter_split},
};

void add(const Component& c, PreTokenizers& to) {
  if (c.json.is_null()) return;
  const std::string type = type_of(c);
  if (type == "Sequence") {
    for (const auto& element : elements_of(c, "pretokenizers")) add(element, to);
    return;
  }
  std::string known = "Sequence";
  for (const Step& step : steps) {
    if (type != step.type) {
      known += fmt::format(", {}", step.type);
      continue;
    }
    if (to.byte_level) to.spell_bytes();
    for (auto& made : step.make(c)) to.steps.push_back(std::move(made));
    to.byte_level = type == "ByteLevel";
    return;
  }
  refuse_type(c, known);
}

}  // namespace

Prepend prepend_scheme(const Component& c) {
  const std::string name = text_at(c, "prepend_scheme", flag_at(c, "add_prefix_space", true) ? "always" : "never");
  if (name == "first") return Prepend::first;
  if (name == "always") return Prepend::always;
  if (name == "never") return Prepend::never;
  throw InputError("{}: prepend_scheme: found \"{}\", expected first, always or never.", c.where, name);
}

void PreTokenizers::spell_bytes() {
  byte_level = false;
  steps.push_back([](Words& words) {
    for (Word& word : words.words) word.text = words.owned.emplace_back(byte_level_of(word.text));
  });
}

PreTokenizers make_pre_tokenizers(const Component& component) {
  PreTokenizers made;
  add(component, made);
  return made;
}

}  // namespace hyplora
