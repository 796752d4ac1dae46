#include "text/pipeline.h"

#include <numeric>

#include "core/error.h"
#include "text/byte_alphabet.h"
#include "text/pre_tokenizers.h"
#include "text/split.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

using Replacement = std::function<void(std::string&)>;
Replacement make_replace(const Component& c) {
  return [find = finder_of(c), content = text_at(c, "content")](std::string& text) { replace_all(text, find, content); };
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
  return [find = find_string(text_at(c, "replacement")),
          drops = prepend_scheme(c) != Prepend::never](std::vector<std::string>& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      replace_all(tokens[i], find, i == 0 && drops ? "" : " ");
    }
  };
}

void add_decoder(const Component& c, std::vector<Decoder>& to) {
  if (c.json.is_null()) return;
  const std::string type = type_of(c);
  if (type == "Sequence") {
    for (const auto& element : elements_of(c, "decoders")) add_decoder(element, to);
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
    refuse_type(c, "Sequence, Replace, ByteFallback, Fuse, Strip, ByteLevel, Metaspace");
  }
}

void add_normalizer(const Component& c, std::vector<Normalizer>& to) {
  if (c.json.is_null()) return;
  const std::string type = type_of(c);
  const std::unordered_map<std::string, NormalForm> forms{
      {"NFC", NormalForm::nfc}, {"NFD", NormalForm::nfd}, {"NFKC", NormalForm::nfkc}, {"NFKD", NormalForm::nfkd}};
  if (type == "Sequence") {
    for (const auto& element : elements_of(c, "normalizers")) add_normalizer(element, to);
  } else if (type == "Prepend") {
    to.push_back([prefix = text_at(c, "prepend")](std::string& text) {
      if (!text.empty()) text.insert(0, prefix);
    });
  } else if (type == "Replace") {
    to.push_back(make_replace(c));
  } else if (forms.contains(type)) {
    to.push_back([form = forms.at(type)](std::string& text) { text = normal_form(text, form); });
  } else {
    refuse_type(c, "Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD");
  }
}

}  // namespace

std::vector<Normalizer> make_normalizer(const Component& component) {
  std::vector<Normalizer> steps;
  add_normalizer(component, steps);
  return steps;
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
