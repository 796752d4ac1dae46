// Byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909) as Hugging Face's tokenizers computes it: a word starts as its
// characters (or bytes), and the neighbours whose merge has the lowest rank, leftmost first, become one, until none can.
#pragma once

#include <array>

#include "text/tokenizer.h"
#include "text/vocabulary.h"

namespace hyplora {

struct BpeOptions {
  bool bytes = false;          // symbols are bytes (byte-level BPE), else characters
  bool byte_fallback = false;  // an unknown character becomes its bytes' tokens <0x00> to <0xFF> where all are known
  bool fuse_unk = false;       // neighbouring unknown characters become one unknown token
  bool ignore_merges = false;  // a word that is a token is that token, whatever the merges make of it
  std::optional<int32_t> unk;  // without one, unknown symbols leave nothing
};

/// Which characters some merge joins to a "▁" after them. Everywhere else a gap before a "▁" can never close.
class JoinedSpaces {
 public:
  void note(std::string_view left, std::string_view right);
  /// Whether some merge could close the gap before the "▁" at `gap` > 0.
  bool may_join(std::string_view text, size_t gap) const;

 private:
  std::vector<uint32_t> characters_;  // sorted
  bool any_ = false;                  // a byte's token may stand for the end of any character
};

/// Safe to use from several threads at once.
class Bpe {
 public:
  /// `vocabulary` holds what symbols are made of: bytes, or characters.
  Bpe(Vocabulary vocabulary, MergeTable merges, JoinedSpaces joined, const BpeOptions& options);

  /// Appends the ids of a text that was split no further. Where no merge can cross a gap before a "▁", the text is cut there,
  /// which changes nothing but the time.
  void encode(std::string_view text, Ids& ids) const;
  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  void encode_word(std::string_view word, Ids& ids) const;
  void merge_word(std::string_view word, Ids& ids) const;
  std::vector<int32_t> symbols(std::string_view word) const;
  void add_character(std::string_view character, std::vector<int32_t>& symbols, bool& pending_unknown) const;

  Vocabulary vocabulary_;
  MergeTable merges_;
  BpeOptions options_;
  std::array<int32_t, 256> byte_ids_{};  // -1: none
  JoinedSpaces joined_;
  bool cuts_ = false;  // texts at gaps before a "▁"
  uint64_t number_;    // of this object, for the threads' caches
};

}  // namespace hyplora
