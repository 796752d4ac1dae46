#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/error.h"
#include "text/oniguruma.h"

namespace hyplora {
namespace {

/// \s is the property White_Space; PCRE2's own counts U+180E too.
constexpr std::string_view white_space =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

std::string translated(const std::string& regex) {
  std::string made;
  bool in_class = false;
  for (size_t i = 0; i < regex.size(); ++i) {
    const char c = regex[i];
    if (c == '\\' && i + 1 < regex.size()) {
      const char next = regex[++i];
      if (next == 's') {
        made += in_class ? std::string(white_space) : fmt::format("[{}]", white_space);
      } else if (next == 'S' && !in_class) {
        made += fmt::format("[^{}]", white_space);
      } else {
        made += {c, next};
      }
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    made += c;
  }
  return made;
}

std::string error_text(int code) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(code, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

PCRE2_SPTR bytes_of(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

struct Source {
  std::string ours;                  // what PCRE2 is to read
  const std::string &given, &where;  // for the message
  uint32_t options;
};

pcre2_code* compiled(const Source& source) {
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(bytes_of(source.ours), source.ours.size(), PCRE2_UTF | PCRE2_UCP | source.options, &error,
                                   &offset, context.get());
  if (code == nullptr)
    throw InputError("{}: the regular expression {} cannot be compiled: {}.", source.where, source.given, error_text(error));
  return code;
}

/// One place for a match's result a thread.
pcre2_match_data* match_data() {
  thread_local const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(2, nullptr), &pcre2_match_data_free);
  return data.get();
}

/// Long texts need more than the 32 kB of stack that compiled expressions get by themselves. One a thread.
pcre2_match_context* match_context() {
  constexpr size_t first = 32 << 10, most = 64 << 20;  // grows as it is needed
  thread_local const std::unique_ptr<pcre2_jit_stack, decltype(&pcre2_jit_stack_free)> stack(
      pcre2_jit_stack_create(first, most, nullptr), &pcre2_jit_stack_free);
  thread_local const std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context = [] {
    std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> made(pcre2_match_context_create(nullptr),
                                                                                   &pcre2_match_context_free);
    pcre2_jit_stack_assign(made.get(), nullptr, stack.get());
    return made;
  }();
  return context.get();
}

}  // namespace

Pattern::Pattern(void* code) : code_(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); }) {
  auto* compiled = static_cast<pcre2_code*>(code);
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);  // where there is no compiler, matching is interpreted
  uint32_t groups = 0;
  pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &groups);
  has_group_ = groups > 0;
}

Pattern::Pattern(const std::string& regex, const std::string& where)
    : Pattern(compiled({translated(regex), regex, where, 0})) {}

Pattern Pattern::of_oniguruma(const std::string& regex, const std::string& where) {
  return Pattern(compiled({pcre2_of_oniguruma(regex, where), regex, where, PCRE2_MULTILINE}));
}

std::optional<Pattern::Match> Pattern::find(std::string_view text, size_t from) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const int found = pcre2_match(code, bytes_of(text), text.size(), from, PCRE2_NO_UTF_CHECK, match_data(), match_context());
  if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (found < 0) throw InputError("a regular expression cannot be tried on a text: {}.", error_text(found));
  const PCRE2_SIZE* place = pcre2_get_ovector_pointer(match_data());
  Match match{place[0], place[1]};
  if (has_group_ && place[2] != PCRE2_UNSET && found != 1) match = {place[0], place[1], place[2], place[3]};
  return match;
}

std::optional<std::string> Pattern::pick(std::string_view text, bool last) const {
  std::optional<std::string> picked;
  for (auto match = find(text, 0); match; match = find(text, std::max(match->end, match->begin + 1))) {
    const auto [begin, end] =
        has_group_ ? std::pair(match->group_begin, match->group_end) : std::pair(match->begin, match->end);
    picked = std::string(text.substr(begin, end - begin));
    if (!last || match->end >= text.size()) break;
  }
  return picked;
}

}  // namespace hyplora
