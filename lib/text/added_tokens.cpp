#include "text/added_tokens.h"

#include <algorithm>

#include "text/unicode.h"

namespace hyplora {
namespace {

bool touches(const std::vector<TextRange>& ranges, size_t begin, size_t end) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const TextRange& r) { return begin < r.end && r.begin < end; });
}

bool is_single_word(std::string_view text, size_t begin, size_t end) {
  const bool word_before = begin > 0 && is_word_character(character_before(text, begin).code);
  const bool word_after = end < text.size() && is_word_character(character_at(text, end).code);
  return !word_before && !word_after;
}

size_t before_white_space(std::string_view text, size_t end) {
  while (end > 0) {
    const Character last = character_before(text, end);
    if (!is_white_space(last.code)) break;
    end -= last.bytes;
  }
  return end;
}

size_t after_white_space(std::string_view text, size_t position) {
  while (position < text.size()) {
    const Character next = character_at(text, position);
    if (!is_white_space(next.code)) break;
    position += next.bytes;
  }
  return position;
}

}  // namespace

uint32_t AddedTokens::child(uint32_t node, unsigned char byte) const {
  const auto& children = nodes_[node].children;
  const auto place =
      std::lower_bound(children.begin(), children.end(), byte, [](const auto& c, unsigned char b) { return c.first < b; });
  return place != children.end() && place->first == byte ? place->second : 0;
}

void AddedTokens::add(const AddedToken& token) {
  if (token.content.empty()) return;
  uint32_t node = 0;
  for (const char c : token.content) {
    const auto byte = static_cast<unsigned char>(c);
    uint32_t next = child(node, byte);
    if (next == 0) {
      next = static_cast<uint32_t>(nodes_.size());
      nodes_.emplace_back();
      auto& children = nodes_[node].children;
      children.insert(std::lower_bound(children.begin(), children.end(), std::pair(byte, uint32_t{0})), {byte, next});
    }
    node = next;
  }
  nodes_[node].token = static_cast<int32_t>(tokens_.size());
  starts_[static_cast<unsigned char>(token.content[0])] = true;
  tokens_.push_back(token);
}

const AddedToken* AddedTokens::longest_at(std::string_view text, size_t position, const std::vector<TextRange>& literal) const {
  const AddedToken* longest = nullptr;
  uint32_t node = 0;
  for (size_t i = position; i < text.size(); ++i) {
    node = child(node, static_cast<unsigned char>(text[i]));
    if (node == 0) break;
    if (nodes_[node].token < 0) continue;
    const AddedToken& token = tokens_[static_cast<size_t>(nodes_[node].token)];
    if (!(token.special && touches(literal, position, i + 1))) longest = &token;
  }
  return longest;
}

std::vector<TextPart> AddedTokens::split(std::string_view text, const std::vector<TextRange>& literal) const {
  std::vector<TextPart> parts;
  size_t done = 0;  // of the text, in parts
  for (size_t position = 0; position < text.size();) {
    const AddedToken* token =
        starts_[static_cast<unsigned char>(text[position])] ? longest_at(text, position, literal) : nullptr;
    if (token == nullptr) {
      ++position;
      continue;
    }
    size_t begin = position, end = position + token->content.size();
    position = end;
    if (token->single_word && !is_single_word(text, begin, end)) continue;
    if (token->lstrip) begin = std::max(done, before_white_space(text, begin));
    if (token->rstrip) end = after_white_space(text, end);
    if (done < begin) parts.push_back({-1, done, begin});
    parts.push_back({token->id, begin, end});
    done = end;
  }
  if (done < text.size()) parts.push_back({-1, done, text.size()});
  return parts;
}

}  // namespace hyplora
