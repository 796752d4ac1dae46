#include "data/examples.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "data/chat_form.h"

namespace hyplora {
namespace {

/// What goes wrong with a conversation, with its row.
template <class Work>
auto told_of(const Row& row, const Work& work) {
  try {
    return work();
  } catch (const InputError& error) {
    throw InputError("{}: {}", row.where, error.what());
  }
}

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

/// How many ids of the whole text the text's first bytes give.
size_t ids_before(size_t bytes, const std::string& text, const Ids& whole, const Tokenizer& tokenizer) {
  if (bytes == text.size()) return whole.size();
  const Ids ids = ids_of_rendered(std::string_view(text).substr(0, bytes), tokenizer);
  const auto shorter = static_cast<std::ptrdiff_t>(std::min(ids.size(), whole.size()));
  return static_cast<size_t>(std::mismatch(ids.begin(), ids.begin() + shorter, whole.begin()).first - ids.begin());
}

Example from_conversation(const Row& row, const Tokenizer& tokenizer, const ExampleOptions& options) {
  const TaughtText taught =
      told_of(row, [&] { return options.prompt.chat->example(conversation_of(row), options.chat_loss, row.without_loss); });
  Example example;
  example.where = row.where;
  example.ids = ids_of_rendered(taught.text, tokenizer);
  example.labels.assign(example.ids.size(), no_loss);
  for (const TextRange& range : taught.learnt) {
    const size_t begin = ids_before(range.begin, taught.text, example.ids, tokenizer),
                 end = ids_before(range.end, taught.text, example.ids, tokenizer);
    for (size_t i = begin; i < end; ++i) example.labels[i] = example.ids[i];
  }
  if (tokenizer.eos() && !taught.learnt.empty() && !first_special(options.prompt.turn_end, tokenizer)) {
    example.ids.push_back(*tokenizer.eos());
    example.labels.push_back(*tokenizer.eos());
  }
  const auto cutoff = static_cast<size_t>(options.cutoff_len);
  example.truncated = example.ids.size() > cutoff;
  if (example.truncated) {
    example.ids.resize(cutoff);
    example.labels.resize(cutoff);
  }
  return example;
}

Example from_row(const Row& row, const Tokenizer* tokenizer, const ExampleOptions& options) {
  if (row.tokenised()) return from_ids(row, options);
  if (tokenizer == nullptr) throw InputError("{}: it is text, but the model has no tokenizer.", row.where);
  return options.prompt.chat ? from_conversation(row, *tokenizer, options) : from_text(row, *tokenizer, options);
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

RowReading reading_for(const PromptTemplate& prompt, bool fold_turns) {
  RowReading how;
  how.conversations = prompt.chat  ? LongConversations::kept
                      : fold_turns ? LongConversations::folded
                                   : LongConversations::refused;
  how.takes_text = prompt.is_bare();
  return how;
}

PromptText row_prompt(const PromptTemplate& prompt, const std::vector<Turn>& shots, const Row& row) {
  if (!prompt.chat) return render_conversation(prompt, shots, row.instruction, row.input);
  return told_of(row, [&] { return render_asked(prompt, shots, asked_in(conversation_of(row))); });
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
      made[static_cast<size_t>(i)] = from_row(rows[static_cast<size_t>(i)], tokenizer, options);
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
