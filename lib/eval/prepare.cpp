#include "eval/prepare.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "model/context.h"

namespace hyplora {
namespace {

/// How many ids all of them begin with.
size_t common_start(const std::vector<Ids>& all) {
  size_t count = all[0].size();
  for (const Ids& ids : all) {
    const auto end = static_cast<std::ptrdiff_t>(std::min(count, ids.size()));
    count = static_cast<size_t>(std::mismatch(ids.begin(), ids.begin() + end, all[0].begin()).first - ids.begin());
  }
  return count;
}

/// Prompt and alternative are one text, as in training; what they all begin with is the prompt. Every alternative keeps at
/// least a token.
void add_alternatives(const PromptText& prompt, const Tokenizer& tokenizer, PreparedTask& made) {
  const Row& row = made.rows[made.prompts.size() - 1];
  Ids& prompt_ids = made.prompts.back();
  std::vector<Ids> all{prompt_ids};
  made.alternatives.push_back(alternatives_of(*made.task, row));
  for (const auto& name : made.alternatives.back()) {
    PromptText whole = prompt;
    whole.add_data(stated(*made.task, name));
    all.push_back(whole.encode(tokenizer));
  }
  const size_t start = common_start(all);
  prompt_ids.resize(start);
  auto& rest = made.alternative_ids.emplace_back();
  for (size_t i = 1; i < all.size(); ++i) rest.emplace_back(all[i].begin() + static_cast<std::ptrdiff_t>(start), all[i].end());
}

/// The most tokens that must fit behind a prompt for anything to come out.
int64_t least_room(const PreparedTask& made) {
  size_t longest = 1;
  if (!made.alternative_ids.empty()) {
    for (const Ids& ids : made.alternative_ids.back()) longest = std::max(longest, ids.size());
  }
  return static_cast<int64_t>(longest);
}

void fit_context(const Context& context, const Tokenizer& tokenizer, const EvaluateOptions& options, PreparedTask& made) {
  Ids& ids = made.prompts.back();
  const int64_t tokens = static_cast<int64_t>(ids.size()), needed = least_room(made);
  made.truncated.push_back(!context.fits(tokens, needed));
  if (!made.truncated.back()) return;
  const std::string& where = made.rows[made.prompts.size() - 1].where;
  if (!options.truncates()) context.require(where + ": its prompt", tokens, needed, "; see --over-length");
  const int64_t wished = made.alternative_ids.empty() ? std::min(options.decode.max_new_tokens, context.tokens() / 2) : needed;
  const int64_t kept = context.tokens() - wished;
  if (kept < 2) throw InputError("{}: its alternatives do not fit into the model's context of {}.", where, context.tokens());
  const bool keeps_bos = tokenizer.bos() && ids.front() == *tokenizer.bos();
  ids.erase(ids.begin() + keeps_bos, ids.end() - (kept - keeps_bos));
}

void prepare_prompts(const Tokenizer& tokenizer, const ModelSpec& spec, const EvaluateOptions& options, PreparedTask& made) {
  const Context context(spec, options.lead_tokens);
  require_template_tokens(options.prompt, tokenizer);
  for (const auto& row : made.rows) check_gold(*made.task, row);
  for (const auto& row : made.rows) {
    if (row.tokenised()) throw InputError("{}: it came as token ids; scoring needs text.", row.where);
    const PromptText prompt = row_prompt(options.prompt, options.shots, row);
    made.texts.push_back(prompt.text);
    made.prompts.push_back(prompt.encode(tokenizer));
    if (options.by_likelihood()) add_alternatives(prompt, tokenizer, made);
    require_ids(made.prompts.back(), spec.vocab_size, row.where);
    if (options.by_likelihood()) {
      for (const Ids& ids : made.alternative_ids.back()) require_ids(ids, spec.vocab_size, row.where);
    }
    if (made.prompts.back().empty()) throw InputError("{}: its prompt has no tokens.", row.where);
    fit_context(context, tokenizer, options, made);
  }
}

void prepare_examples(const Tokenizer* tokenizer, const ModelSpec& spec, const EvaluateOptions& options, PreparedTask& made) {
  if (!options.shots.empty() || options.by_likelihood()) {
    throw InputError("loss: it is measured on the rows as they are; leave out {}.",
                     options.shots.empty() ? "--scoring likelihood" : "--few-shot");
  }
  const Context context(spec, options.lead_tokens);
  const ExampleOptions form{options.prompt, std::min(options.cutoff_len, context.tokens()), "truncate", options.train_on_inputs,
                            options.chat_loss};
  made.examples = make_examples(made.rows, tokenizer, form, spec.vocab_size);
  for (const auto& example : made.examples.examples) {
    made.truncated.push_back(example.truncated);
    context.require(example.where + ": it", static_cast<int64_t>(example.ids.size()));
  }
}

}  // namespace

PreparedTask prepare(const Task& task, std::vector<Row> rows, const Tokenizer* tokenizer, const ModelSpec& spec,
                     const EvaluateOptions& options) {
  PreparedTask made;
  made.task = &task;
  made.rows = std::move(rows);
  if (task.measures_loss()) {
    prepare_examples(tokenizer, spec, options, made);
    return made;
  }
  if (tokenizer == nullptr) throw InputError("{}: scoring needs text, but the rows came as token ids.", task.name);
  prepare_prompts(*tokenizer, spec, options, made);
  return made;
}

int64_t PreparedTask::longest() const {
  size_t most = 0;
  for (const Ids& ids : prompts) most = std::max(most, ids.size());
  for (const Example& example : examples.examples) most = std::max(most, example.ids.size());
  return static_cast<int64_t>(most);
}

int64_t PreparedTask::truncated_count() const { return std::count(truncated.begin(), truncated.end(), true); }

int64_t PreparedTask::cache_bytes(const ModelSpec& spec, int64_t bytes_a_number, const EvaluateOptions& options) const {
  const int64_t context = Context(spec, options.lead_tokens).tokens();
  std::vector<int64_t> tokens;
  for (size_t i = 0; i < prompts.size(); ++i) {
    const auto prompt = static_cast<int64_t>(prompts[i].size());
    int64_t more = options.decode.beams * std::min(options.decode.max_new_tokens, context - prompt);
    if (!alternative_ids.empty()) {
      more = std::accumulate(alternative_ids[i].begin(), alternative_ids[i].end(), int64_t{0},
                             [](int64_t sum, const Ids& ids) { return sum + static_cast<int64_t>(ids.size()); });
    }
    tokens.push_back(prompt + more);
  }
  std::sort(tokens.rbegin(), tokens.rend());
  tokens.resize(std::min(tokens.size(), static_cast<size_t>(options.decode.batch_size)));
  const int64_t kept = std::accumulate(tokens.begin(), tokens.end(), int64_t{0});
  return 2 * kept * 2 * spec.layers * spec.kv_heads * spec.head_dim * bytes_a_number;
}

}  // namespace hyplora
