#include "text/bpe.h"

#include <algorithm>
#include <atomic>

#include "core/error.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

constexpr std::string_view space_mark = "\xE2\x96\x81";  // ▁

/// The words that a thread met last, each with its ids, in a table without chains: a newcomer takes the place.
class WordCache {
 public:
  static constexpr size_t slots = 1 << 14, most_ids = 8, most_bytes = 40;

  struct Slot {
    uint64_t owner = 0, hash = 0;
    std::array<char, most_bytes> word{};
    uint8_t bytes = 0, count = 0;
    std::array<int32_t, most_ids> ids{};

    bool holds(uint64_t wanted_owner, uint64_t wanted_hash, std::string_view wanted) const {
      return owner == wanted_owner && hash == wanted_hash && std::string_view(word.data(), bytes) == wanted;
    }
  };

  Slot& at(uint64_t hash) { return slots_[hash % slots]; }

 private:
  std::vector<Slot> slots_{slots};
};

/// A pair of neighbours that could merge; the heap's top is the lowest rank, then the leftmost.
struct Candidate {
  uint32_t rank;
  int32_t position, left, right, made;

  bool operator<(const Candidate& other) const { return rank != other.rank ? rank > other.rank : position > other.position; }
};

/// The symbols of a word as a list in which neighbours merge.
class Merging {
 public:
  Merging(const std::vector<int32_t>& symbols, const MergeTable& merges) : merges_(merges) {
    const auto count = static_cast<int32_t>(symbols.size());
    for (int32_t i = 0; i < count; ++i) links_.push_back({symbols[static_cast<size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1});
    for (int32_t i = 0; i + 1 < count; ++i) offer(i);
  }

  void run() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end());
      const Candidate best = heap_.back();
      heap_.pop_back();
      apply(best);
    }
  }

  void append_to(Ids& ids) const {
    for (int32_t i = links_.empty() ? -1 : 0; i >= 0; i = link(i).next) ids.push_back(link(i).id);
  }

 private:
  struct Link {
    int32_t id, previous, next;
  };
  Link& link(int32_t i) { return links_[static_cast<size_t>(i)]; }
  const Link& link(int32_t i) const { return links_[static_cast<size_t>(i)]; }

  void offer(int32_t position) {
    const int32_t next = link(position).next;
    if (next < 0) return;
    const Merge* merge = merges_.find(link(position).id, link(next).id);
    if (merge == nullptr) return;
    heap_.push_back({merge->rank, position, link(position).id, link(next).id, merge->id});
    std::push_heap(heap_.begin(), heap_.end());
  }

  /// Unless one of the two has merged otherwise meanwhile.
  void apply(const Candidate& best) {
    const int32_t next = link(best.position).next;
    if (link(best.position).id != best.left || next < 0 || link(next).id != best.right) return;
    link(best.position).id = best.made;
    link(best.position).next = link(next).next;
    link(next).id = gone;
    if (link(best.position).next >= 0) link(link(best.position).next).previous = best.position;
    if (link(best.position).previous >= 0) offer(link(best.position).previous);
    offer(best.position);
  }

  static constexpr int32_t gone = -1;
  const MergeTable& merges_;
  std::vector<Link> links_;
  std::vector<Candidate> heap_;
};

uint64_t next_number() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

}  // namespace

void JoinedSpaces::note(std::string_view left, std::string_view right) {
  if (!right.starts_with(space_mark) || left.empty()) return;
  any_ = any_ || left.starts_with("<0x");
  const uint32_t last = character_before(left, left.size()).code;
  const auto place = std::lower_bound(characters_.begin(), characters_.end(), last);
  if (place == characters_.end() || *place != last) characters_.insert(place, last);
}

bool JoinedSpaces::may_join(std::string_view text, size_t gap) const {
  return any_ || std::binary_search(characters_.begin(), characters_.end(), character_before(text, gap).code);
}

Bpe::Bpe(Vocabulary vocabulary, MergeTable merges, JoinedSpaces joined, const BpeOptions& options)
    : vocabulary_(std::move(vocabulary)),
      merges_(std::move(merges)),
      options_(options),
      joined_(std::move(joined)),
      number_(next_number()) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string name = options_.bytes ? std::string(1, static_cast<char>(byte)) : fmt::format("<0x{:02X}>", byte);
    byte_ids_[static_cast<size_t>(byte)] = vocabulary_.find(name).value_or(-1);
  }
  cuts_ = !options_.bytes && vocabulary_.find(space_mark).has_value();
}

void Bpe::encode(std::string_view text, Ids& ids) const {
  size_t begin = 0;
  for (size_t gap = cuts_ ? text.find(space_mark, 1) : text.npos; gap != text.npos; gap = text.find(space_mark, gap + 1)) {
    if (joined_.may_join(text, gap)) continue;
    encode_word(text.substr(begin, gap - begin), ids);
    begin = gap;
  }
  encode_word(text.substr(begin), ids);
}

void Bpe::encode_word(std::string_view word, Ids& ids) const {
  if (word.empty()) return;
  if (word.size() > WordCache::most_bytes) return merge_word(word, ids);
  thread_local WordCache cache;
  const uint64_t hash = text_hash(word);
  WordCache::Slot& slot = cache.at(hash);
  if (slot.holds(number_, hash, word)) {
    for (size_t i = 0; i < slot.count; ++i) ids.push_back(slot.ids[i]);
    return;
  }
  const size_t before = ids.size();
  merge_word(word, ids);
  const size_t count = ids.size() - before;
  if (count > WordCache::most_ids) return;
  slot = {number_, hash, {}, static_cast<uint8_t>(word.size()), static_cast<uint8_t>(count), {}};
  std::copy(word.begin(), word.end(), slot.word.begin());
  for (size_t i = 0; i < count; ++i) slot.ids[i] = static_cast<int32_t>(ids[before + i]);
}

void Bpe::merge_word(std::string_view word, Ids& ids) const {
  if (options_.ignore_merges) {
    if (const auto whole = vocabulary_.find(word)) {
      ids.push_back(*whole);
      return;
    }
  }
  Merging merging(symbols(word), merges_);
  merging.run();
  merging.append_to(ids);
}

std::vector<int32_t> Bpe::symbols(std::string_view word) const {
  std::vector<int32_t> made;
  bool pending_unknown = false;
  for (size_t position = 0; position < word.size();) {
    const size_t bytes = options_.bytes ? 1 : character_at(word, position).bytes;
    add_character(word.substr(position, bytes), made, pending_unknown);
    position += bytes;
  }
  if (pending_unknown) made.push_back(*options_.unk);
  return made;
}

/// The order is that of Hugging Face's code, in which an unknown character waits until a known one follows.
void Bpe::add_character(std::string_view character, std::vector<int32_t>& symbols, bool& pending_unknown) const {
  const auto byte_id = [&](char c) { return byte_ids_[static_cast<unsigned char>(c)]; };
  const auto known = options_.bytes ? (byte_id(character[0]) >= 0 ? std::optional(byte_id(character[0])) : std::nullopt)
                                    : vocabulary_.find(character);
  if (known) {
    if (pending_unknown) symbols.push_back(*options_.unk);
    pending_unknown = false;
    symbols.push_back(*known);
    return;
  }
  if (options_.byte_fallback && std::all_of(character.begin(), character.end(), [&](char c) { return byte_id(c) >= 0; })) {
    for (const char c : character) symbols.push_back(byte_id(c));
    return;
  }
  if (!options_.unk) return;
  if (pending_unknown && !options_.fuse_unk) symbols.push_back(*options_.unk);
  pending_unknown = true;
}

}  // namespace hyplora
