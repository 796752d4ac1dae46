#include "eval/options.h"

#include "core/error.h"
#include "data/chat_form.h"
#include "data/prompt.h"
#include "model/load.h"

namespace hyplora {
namespace {

void add_what_is_scored(Fields& f, EvalOptions& o) {
  f.add("model", o.model, "checkpoint folder")
      .names_files()
      .add("adapter", o.adapters, "adapter folder; may be given several times, \"none\" is the base alone")
      .names_files()
      .add("data", o.data, "file of rows with instruction, input, output, answer; or a folder of such files")
      .names_files()
      .add("benchmark", o.benchmark, "how rows are judged (default: by the file's name)")
      .add("fold_turns", o.fold_turns, "conversations of several turns become one instruction with the last answer as output")
      .add("limit", o.limit, "only the first N rows of a file (0: all)", between(0, 1e12))
      .add("dtype", o.dtype, "type to compute in (auto: bfloat16 on CUDA, float32 on the CPU)", one_of(dtype_choices()));
}

void add_how(Fields& f, EvalOptions& o) {
  ScoringOptions& s = o.evaluate;
  f.add(
       "template", o.prompt_template,
       "prompt template: a built-in one, chat (the model's own) or a JSON file (without it: what the adapter learnt, else alpaca)",
       prompt_template_rule())
      .names_files()
      .add("few_shot", o.few_shot, "the first N rows of --few-shot-data stand before each prompt as worked examples",
           between(0, 10000))
      .add("few_shot_data", o.few_shot_data, "file of rows with instruction, input, output")
      .names_files()
      .add("over_length", s.over_length,
           "a prompt that does not fit the model's context: error, or truncate (its oldest tokens go)",
           one_of({"error", "truncate"}))
      .add("scoring", s.scoring, "completion, or likelihood: the alternative of the largest log-likelihood (multiple choice)",
           one_of({"completion", "likelihood"}))
      .append(decode_fields(s.decode))
      .append(stop_fields(s.stops))
      .add("cutoff_len", s.cutoff_len, "loss: token limit of a row", between(1, 1e9))
      .add("train_on_inputs", s.train_on_inputs, "loss: the prompt counts too")
      .add("chat_loss", s.chat_loss, "loss: with the chat template, every turn of the assistant, its last, or all",
           one_of(chat_losses()));
}

void add_output(Fields& f, EvalOptions& o) {
  f.add("output", o.output, "folder for results.json, report.html and the records")
      .names_files()
      .changes_nothing()
      .add("resume", o.resume, "go on with a run that was stopped: rows that are in --output are not done again")
      .changes_nothing()
      .add("disagreements", o.disagreements, "list the rows on which the paper's reading and the stricter one differ")
      .changes_nothing()
      .add("compare", o.compare, "two earlier runs (folders or record files): difference, interval, McNemar's p, changed rows")
      .takes(2)
      .names_files()
      .changes_nothing()
      .add("score", o.score,
           "JSONL file of completions made elsewhere, {benchmark, answer, output} a line: prints a verdict for each")
      .names_files()
      .changes_nothing();
}

void require_whole(const EvalOptions& o) {
  if (!o.compare.empty()) {
    if (o.compare.size() != 2) throw InputError("--compare: found {} runs, expected 2.", o.compare.size());
    return;
  }
  if (!o.score.empty()) return;
  if (o.model.empty() || o.data.empty()) throw InputError("--model and --data are needed (or --compare A B, or --score FILE).");
  if (o.resume && o.output.empty()) throw InputError("--resume needs --output, the folder of the run that is to go on.");
  if (o.few_shot > 0 && o.few_shot_data.empty())
    throw InputError("--few-shot {}: --few-shot-data FILE is missing.", o.few_shot);
}

}  // namespace

Fields eval_fields(EvalOptions& options) {
  Fields fields;
  add_what_is_scored(fields, options);
  add_how(fields, options);
  add_output(fields, options);
  fields.require_that([&options] { require_whole(options); });
  return fields;
}

}  // namespace hyplora
