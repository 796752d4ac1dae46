#include "generate/search.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "generate/alternatives.h"

namespace hyplora {
namespace {

constexpr double impossible = -std::numeric_limits<double>::infinity();

bool contains(const Ids& ids, int64_t id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

/// Each id that was there already: positive logits divided by the penalty, negative ones multiplied (Keskar et al. 2019, CTRL).
void penalise(at::Tensor& logits, const Ids& seen, double penalty) {
  if (penalty == 1 || seen.empty()) return;
  const at::Tensor ids = at::tensor(seen, at::kLong), old = logits.gather(0, ids);
  logits.scatter_(0, ids, at::where(old > 0, old / penalty, old * penalty));
}

/// One token after the other: the most likely, or one drawn.
class Single : public Search {
 public:
  Single(const DecodeOptions& options, const DecodeControl& control, const Ids& prompt, int64_t room, size_t number)
      : options_(options),
        control_(control),
        room_(room),
        number_(number),
        seen_(prompt),
        random_(at::detail::createCPUGenerator(options.seed * 0x9E3779B97F4A7C15 + number)) {}

  std::vector<TreeToken> advance(const at::Tensor& logits) override {
    at::Tensor row = logits[0].clone();
    penalise(row, seen_, options_.repetition_penalty);
    const int64_t id = options_.temperature > 0 ? drawn(row / options_.temperature) : row.argmax().item<int64_t>();
    made_.push_back(id);
    seen_.push_back(id);
    const auto count = static_cast<int64_t>(made_.size());
    const bool ends = control_.ends_here && control_.ends_here(number_, made_);
    if (ends || count >= room_ || contains(control_.stop_ids, id)) return {};
    return {{id, count - 2}};
  }

  std::vector<Completion> result() const override { return {{made_, 0}}; }

 private:
  int64_t drawn(at::Tensor logits) {
    if (options_.top_k > 0 && options_.top_k < logits.size(0)) {
      const at::Tensor least = std::get<0>(logits.topk(options_.top_k)).min();
      logits.masked_fill_(logits < least, impossible);
    }
    if (options_.top_p < 1) {
      const auto [sorted, order] = logits.sort(0, /*descending=*/true);
      const at::Tensor probabilities = at::softmax(sorted, 0), before = probabilities.cumsum(0) - probabilities;
      logits.scatter_(0, order, sorted.masked_fill(before >= options_.top_p, impossible));
    }
    return at::softmax(logits, 0).multinomial(1, false, random_).item<int64_t>();
  }

  const DecodeOptions& options_;
  const DecodeControl& control_;
  int64_t room_;
  size_t number_;
  Ids seen_, made_;
  at::Generator random_;
};

class Beams : public Search {
 public:
  Beams(const DecodeOptions& options, const DecodeControl& control, const Ids& prompt, int64_t room)
      : options_(options), control_(control), room_(room), prompt_(prompt), running_{{{}, 0, -1}} {}

  std::vector<TreeToken> advance(const at::Tensor& logits) override {
    const auto candidates = best_continuations(logits);
    ++length_;
    finish_some(candidates);
    return go_on(candidates);
  }

  std::vector<Completion> result() const override {
    std::vector<Completion> all = finished_;
    all.resize(std::min(all.size(), static_cast<size_t>(options_.best)));
    return all;
  }

 private:
  struct Beam {
    Ids ids;
    double sum;    // of log-probabilities
    int64_t slot;  // of its last token in the tree
    bool ends = false;
    int64_t parent = -1;
  };

  double score(double sum) const { return sum / std::pow(static_cast<double>(length_), options_.length_penalty); }

  /// Of all beams, best first.
  std::vector<Beam> best_continuations(const at::Tensor& logits) const {
    at::Tensor scores = logits.clone();
    if (options_.repetition_penalty != 1) penalise_all(scores);
    scores = at::log_softmax(scores, 1);
    std::vector<float> sums;
    for (const Beam& beam : running_) sums.push_back(static_cast<float>(beam.sum));
    scores += at::tensor(sums, at::kFloat).unsqueeze(1);
    const int64_t vocab = scores.size(1),
                  looked_at = std::max<int64_t>(2, 1 + static_cast<int64_t>(control_.stop_ids.size())) * options_.beams;
    const auto [values, places] = scores.flatten().topk(std::min(looked_at, scores.numel()));
    std::vector<Beam> made;
    for (int64_t i = 0; i < values.numel(); ++i) {
      const int64_t place = places[i].item<int64_t>();
      const Beam& from = running_[static_cast<size_t>(place / vocab)];
      Beam beam{from.ids, values[i].item<double>(), -1, false, from.slot};
      beam.ids.push_back(place % vocab);
      beam.ends = contains(control_.stop_ids, place % vocab) || static_cast<int64_t>(beam.ids.size()) >= room_;
      made.push_back(std::move(beam));
    }
    return made;
  }

  void penalise_all(at::Tensor& scores) const {
    for (size_t i = 0; i < running_.size(); ++i) {
      Ids seen = prompt_;
      seen.insert(seen.end(), running_[i].ids.begin(), running_[i].ids.end());
      at::Tensor row = scores[static_cast<int64_t>(i)];
      penalise(row, seen, options_.repetition_penalty);
    }
  }

  bool full() const { return finished_.size() >= static_cast<size_t>(options_.beams); }

  void finish_some(const std::vector<Beam>& candidates) {
    if (full() && options_.early_stopping) return;
    for (size_t i = 0; i < std::min(candidates.size(), static_cast<size_t>(options_.beams)); ++i) {
      if (candidates[i].ends) finished_.push_back({candidates[i].ids, score(candidates[i].sum)});
    }
    std::stable_sort(finished_.begin(), finished_.end(),
                     [](const Completion& a, const Completion& b) { return a.score > b.score; });
    finished_.resize(std::min(finished_.size(), static_cast<size_t>(options_.beams)));
  }

  std::vector<TreeToken> go_on(const std::vector<Beam>& candidates) {
    running_.clear();
    for (const Beam& beam : candidates) {
      if (!beam.ends && static_cast<int64_t>(running_.size()) < options_.beams) running_.push_back(beam);
    }
    if (running_.empty()) return {};
    if (full() && (options_.early_stopping || score(running_.front().sum) <= finished_.back().score)) return {};
    std::vector<TreeToken> tokens;
    for (Beam& beam : running_) {
      beam.slot = slots_++;
      tokens.push_back({beam.ids.back(), beam.parent});
    }
    return tokens;
  }

  const DecodeOptions& options_;
  const DecodeControl& control_;
  int64_t room_, length_ = 0, slots_ = 0;
  Ids prompt_;
  std::vector<Beam> running_;
  std::vector<Completion> finished_;
};

}  // namespace

std::unique_ptr<Search> make_search(const DecodeOptions& options, const DecodeControl& control, const Ids& prompt, int64_t room,
                                    size_t number) {
  if (control.alternatives != nullptr) return make_alternatives((*control.alternatives)[number]);
  if (options.beams > 1) return std::make_unique<Beams>(options, control, prompt, room);
  return std::make_unique<Single>(options, control, prompt, room, number);
}

}  // namespace hyplora
