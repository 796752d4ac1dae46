#include "text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hyplora {
namespace {

__extension__ using Wide = unsigned __int128;

uint64_t mixed(uint64_t a, uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

constexpr uint64_t odd_a = 0x9E3779B97F4A7C15, odd_b = 0xD1B54A32D192ED03;

uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

size_t slots_for(size_t entries) { return std::bit_ceil(std::max<size_t>(16, entries + entries / 2)); }

}  // namespace

uint64_t text_hash(std::string_view text) {
  uint64_t hash = odd_a ^ text.size();
  size_t position = 0;
  for (; position + 8 <= text.size(); position += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + position, 8);
    hash = mixed(hash ^ word, odd_b);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, text.data() + position, text.size() - position);
  return mixed(hash ^ rest, odd_a);
}

size_t Vocabulary::slot_of(std::string_view wanted, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t position = hash & mask;
  while (slots_[position].id >= 0 && (slots_[position].tag != tag_of(hash) || text(slots_[position].id) != wanted))
    position = (position + 1) & mask;
  return position;
}

void Vocabulary::reserve(size_t tokens, size_t bytes) {
  texts_.reserve(bytes);
  places_.reserve(tokens);
  if (slots_for(tokens) > slots_.size()) grow(slots_for(tokens));
}

void Vocabulary::grow(size_t slots) {
  std::vector<Slot> old;
  old.swap(slots_);
  slots_.resize(slots);
  for (const Slot& slot : old) {
    if (slot.id >= 0) slots_[slot_of(text(slot.id), text_hash(text(slot.id)))] = slot;
  }
}

void Vocabulary::add(std::string_view text, int32_t id) {
  if (slots_for(used_ + 1) > slots_.size()) grow(2 * slots_for(used_ + 1));
  if (static_cast<size_t>(id) >= places_.size()) places_.resize(static_cast<size_t>(id) + 1);
  places_[static_cast<size_t>(id)] = {static_cast<uint32_t>(texts_.size()), static_cast<uint32_t>(text.size())};
  texts_ += text;
  const uint64_t hash = text_hash(text);
  Slot& slot = slots_[slot_of(text, hash)];
  used_ += slot.id < 0;
  slot = {tag_of(hash), id};
}

std::optional<int32_t> Vocabulary::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const int32_t id = slots_[slot_of(text, text_hash(text))].id;
  return id < 0 ? std::nullopt : std::optional(id);
}

std::string_view Vocabulary::text(int64_t id) const {
  if (id < 0 || id >= size()) return {};
  const Place& place = places_[static_cast<size_t>(id)];
  return std::string_view(texts_).substr(place.begin, place.bytes);
}

size_t MergeTable::slot_of(uint64_t pair) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = mixed(pair ^ odd_a, odd_b) & mask;
  while (slots_[slot].pair != empty && slots_[slot].pair != pair) slot = (slot + 1) & mask;
  return slot;
}

void MergeTable::reserve(size_t merges) {
  if (slots_for(merges) <= slots_.size()) return;
  std::vector<Slot> old;
  old.swap(slots_);
  slots_.resize(slots_for(merges));
  for (const Slot& slot : old) {
    if (slot.pair != empty) slots_[slot_of(slot.pair)] = slot;
  }
}

void MergeTable::add(int32_t left, int32_t right, Merge merge) {
  if (slots_for(used_ + 1) > slots_.size()) reserve(2 * (used_ + 1));
  const uint64_t pair = static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  Slot& slot = slots_[slot_of(pair)];
  used_ += slot.pair == empty;
  slot = {pair, merge};
}

const Merge* MergeTable::find(int32_t left, int32_t right) const {
  if (slots_.empty()) return nullptr;
  const uint64_t pair = static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  const Slot& slot = slots_[slot_of(pair)];
  return slot.pair == empty ? nullptr : &slot.merge;
}

}  // namespace hyplora
