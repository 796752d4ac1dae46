#include "train/batches.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "core/error.h"

namespace hyplora {
namespace {

/// First-fit in file order: rows go into the open sequence while they fit into the token limit.
std::vector<MicroBatch> packed(const std::vector<Example>& examples, size_t limit) {
  std::vector<MicroBatch> sequences;
  size_t used = limit;
  for (const auto& example : examples) {
    if (used + example.ids.size() > limit) {
      sequences.emplace_back();
      used = 0;
    }
    sequences.back().push_back(&example);
    used += example.ids.size();
  }
  return sequences;
}

std::vector<MicroBatch> one_each(const std::vector<Example>& examples) {
  std::vector<MicroBatch> sequences;
  sequences.reserve(examples.size());
  for (const auto& example : examples) sequences.push_back({&example});
  return sequences;
}

size_t length(const MicroBatch& sequence) {
  return std::accumulate(sequence.begin(), sequence.end(), size_t{0},
                         [](size_t sum, const Example* e) { return sum + e->ids.size(); });
}

}  // namespace

std::vector<size_t> shuffled_indices(size_t n, uint64_t seed) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937_64 random(seed);
  for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random() % i]);  // std::shuffle differs between libraries
  return order;
}

std::vector<Example> split_validation(std::vector<Example>& examples, int64_t count, uint64_t seed) {
  if (count == 0) return {};
  if (count >= static_cast<int64_t>(examples.size())) {
    throw InputError("val_set_size: found {}, expected less than the {} rows of data_path.", count, examples.size());
  }
  const auto order = shuffled_indices(examples.size(), seed);
  std::vector<bool> held_back(examples.size());
  for (int64_t i = 0; i < count; ++i) held_back[order[static_cast<size_t>(i)]] = true;
  std::vector<Example> kept, split;
  for (size_t i = 0; i < examples.size(); ++i) (held_back[i] ? split : kept).push_back(std::move(examples[i]));
  examples = std::move(kept);
  return split;
}

Batches::Batches(const std::vector<Example>& examples, const TrainOptions& options)
    : batch_size_(options.batch_size),
      micro_batch_size_(options.micro_batch_size),
      shuffle_(options.shuffle),
      group_by_length_(options.group_by_length),
      seed_(static_cast<uint64_t>(options.seed)),
      sequences_(options.packing ? packed(examples, static_cast<size_t>(options.cutoff_len)) : one_each(examples)) {
  const auto rows = static_cast<int64_t>(sequences_.size());
  steps_per_epoch_ = (rows + batch_size_ - 1) / batch_size_;
}

void Batches::order_epoch(int64_t epoch) {
  if (epoch == ordered_epoch_) return;
  ordered_epoch_ = epoch;
  if (shuffle_) {
    order_ = shuffled_indices(sequences_.size(), seed_ + 1 + static_cast<uint64_t>(epoch));
  } else {
    order_.resize(sequences_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
  }
  if (!group_by_length_) return;
  const auto window = static_cast<size_t>(50 * batch_size_);  // Hugging Face's megabatch
  for (size_t first = 0; first < order_.size(); first += window) {
    const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = order_.begin() + static_cast<std::ptrdiff_t>(std::min(order_.size(), first + window));
    std::stable_sort(begin, end, [&](size_t a, size_t b) { return length(sequences_[a]) > length(sequences_[b]); });
  }
}

StepRows Batches::rows(int64_t step) {
  order_epoch(step / steps_per_epoch_);
  const int64_t first = step % steps_per_epoch_ * batch_size_;
  const int64_t last = std::min(first + batch_size_, static_cast<int64_t>(order_.size()));
  StepRows rows;
  for (int64_t i = first; i < last; ++i) {
    if ((i - first) % micro_batch_size_ == 0) rows.emplace_back();
    const MicroBatch& sequence = sequences_[order_[static_cast<size_t>(i)]];
    rows.back().insert(rows.back().end(), sequence.begin(), sequence.end());
  }
  return rows;
}

}  // namespace hyplora
