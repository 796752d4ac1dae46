#include "data/examples.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace hyplora {
namespace {

Example from_ids(const Row& row, const ExampleOptions& options) {
  const auto cutoff = static_cast<size_t>(options.cutoff_len);
  Example example{row.input_ids, row.labels, row.input_ids.size() > cutoff, row.where};
  if (example.truncated) {
    example.ids.resize(cutoff);
    example.labels.resize(cutoff);
  }
  return example;
}

bool ends_with(const Ids& ids, const Ids& end) {
  return ids.size() >= end.size() && std::equal(end.rbegin(), end.rend(), ids.rbegin());
}

Example from_text(const Row& row, const Tokenizer& tokenizer, const ExampleOptions& options) {
  const auto cutoff = static_cast<size_t>(options.cutoff_len);
  Example example;
  example.where = row.where;
  example.ids = render_example(options.prompt, row.instruction, row.input, row.output).encode(tokenizer);
  example.truncated = example.ids.size() > cutoff;
  if (example.truncated) example.ids.resize(cutoff);
  const Ids closing = tokenizer.closing();
  if (!ends_with(example.ids, closing) && example.ids.size() + closing.size() <= cutoff)
    example.ids.insert(example.ids.end(), closing.begin(), closing.end());
  const auto eos = tokenizer.eos();
  if (eos && example.ids.size() < cutoff && (example.ids.empty() || example.ids.back() != *eos)) example.ids.push_back(*eos);
  example.labels = example.ids;
  if (!options.train_on_inputs) {
    const size_t prompt = render_prompt(options.prompt, row.instruction, row.input).encode(tokenizer).size();
    const size_t masked = std::min(prompt, example.ids.size());
    std::fill_n(example.labels.begin(), masked, no_loss);
  }
  return example;
}

void check_ids(const Example& example, int64_t vocab_size) {
  require_ids(example.ids, vocab_size, example.where);
  for (const int64_t label : example.labels) {
    if (label != no_loss && (label < 0 || label >= vocab_size)) {
      throw InputError("{}: found label {}, expected -100 or 0 to {} (the model's vocabulary).", example.where, label,
                       vocab_size - 1);
    }
  }
}

void check(const Example& example, const ExampleOptions& options, int64_t vocab_size) {
  if (example.truncated && options.over_length == "error") {
    throw InputError("{}: it is longer than cutoff_len {}.", example.where, options.cutoff_len);
  }
  if (example.supervised() == 0) {
    throw InputError("{}: every label is masked, so that nothing is left to learn{}.", example.where,
                     example.truncated
                         ? fmt::format(" (cut at cutoff_len {}; raise it, or set over_length to \"drop\")", options.cutoff_len)
                         : std::string());
  }
  check_ids(example, vocab_size);
}

}  // namespace

void require_ids(const Ids& ids, int64_t vocab_size, const std::string& where) {
  for (const int64_t id : ids) {
    if (id < 0 || id >= vocab_size)
      throw InputError("{}: found token id {}, expected 0 to {} (the model's vocabulary).", where, id, vocab_size - 1);
  }
}

int64_t Example::supervised() const {
  return std::count_if(labels.begin() + (labels.empty() ? 0 : 1), labels.end(), [](int64_t label) { return label != no_loss; });
}

int64_t ExampleSet::tokens() const {
  return std::accumulate(examples.begin(), examples.end(), int64_t{0},
                         [](int64_t sum, const Example& e) { return sum + static_cast<int64_t>(e.ids.size()); });
}

int64_t ExampleSet::supervised() const {
  return std::accumulate(examples.begin(), examples.end(), int64_t{0},
                         [](int64_t sum, const Example& e) { return sum + e.supervised(); });
}

ExampleSet make_examples(const std::vector<Row>& rows, const Tokenizer* tokenizer, const ExampleOptions& options,
                         int64_t vocab_size) {
  if (tokenizer != nullptr) require_template_tokens(options.prompt, *tokenizer);
  std::vector<Example> made(rows.size());
  at::parallel_for(0, static_cast<int64_t>(rows.size()), 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (options.poll) options.poll();
      const Row& row = rows[static_cast<size_t>(i)];
      if (!row.tokenised() && tokenizer == nullptr)
        throw InputError("{}: it is text, but the model has no tokenizer.", row.where);
      made[static_cast<size_t>(i)] = row.tokenised() ? from_ids(row, options) : from_text(row, *tokenizer, options);
    }
  });
  ExampleSet set;
  for (auto& example : made) {
    if (example.truncated && options.over_length == "drop") {
      ++set.dropped;
      continue;
    }
    check(example, options, vocab_size);
    set.truncated += example.truncated;
    set.examples.push_back(std::move(example));
  }
  if (set.examples.empty()) {
    throw InputError("no row is left: all {} are longer than cutoff_len {} and over_length is \"drop\".", rows.size(),
                     options.cutoff_len);
  }
  return set;
}

}  // namespace hyplora
