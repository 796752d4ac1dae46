// Token texts <-> ids, and pairs of ids -> their merge: two flat hash tables over one block of text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hyplora {

class Vocabulary {
 public:
  /// Adds a text that is not there yet; ids may come in any order and leave gaps. The last id of a text wins.
  void add(std::string_view text, int32_t id);
  std::optional<int32_t> find(std::string_view text) const;
  /// Empty for an id that has no text.
  std::string_view text(int64_t id) const;
  /// One more than the largest id.
  int64_t size() const { return static_cast<int64_t>(places_.size()); }
  void reserve(size_t tokens, size_t bytes);

 private:
  struct Place {
    uint32_t begin = 0, bytes = 0;
  };
  struct Slot {
    uint32_t tag = 0;  // of the text's hash: spares the look at most texts that are others
    int32_t id = -1;   // -1: empty
  };
  void grow(size_t slots);
  size_t slot_of(std::string_view text, uint64_t hash) const;

  std::string texts_;
  std::vector<Place> places_;  // by id
  std::vector<Slot> slots_;    // a power of two
  size_t used_ = 0;
};

/// What a pair of neighbours becomes, and how early: lower ranks merge first.
struct Merge {
  uint32_t rank;
  int32_t id;
};

class MergeTable {
 public:
  void reserve(size_t merges);
  /// The last merge of a pair wins.
  void add(int32_t left, int32_t right, Merge merge);
  const Merge* find(int32_t left, int32_t right) const;

 private:
  struct Slot {
    uint64_t pair = empty;
    Merge merge{};
  };
  static constexpr uint64_t empty = ~uint64_t{0};
  size_t slot_of(uint64_t pair) const;

  std::vector<Slot> slots_;
  size_t used_ = 0;
};

/// A fast hash of short texts.
uint64_t text_hash(std::string_view text);

}  // namespace hyplora
