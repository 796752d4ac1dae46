#include "train/setup.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "adapter/adapter_tensors.h"
#include "adapter/ends.h"
#include "adapter/patterns.h"
#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "data/prompt_record.h"
#include "data/row_files.h"
#include "io/apart.h"
#include "model/dtype_advice.h"
#include "model/meta.h"
#include "text/chat_template.h"
#include "train/checkpoint_folder.h"

namespace hyplora {
namespace {

bool needs_tokenizer(const std::vector<Row>& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const Row& row) { return !row.tokenised(); });
}

/// A number that nobody asked for gives way to few rows, a tenth of which then validate.
int64_t rows_held_back(const TrainOptions& o, int64_t rows) {
  if (o.val_set_size_given || o.val_set_size < rows) return o.val_set_size;
  log::warn("val_set_size: its default, {}, is not less than the {} rows of data_path; {} are split off.", o.val_set_size, rows,
            rows / 10);
  return rows / 10;
}

/// A run that goes on tells the day on which it began, or its rows would be others.
std::string day_of(const TrainOptions& o) {
  if (o.chat_day) return *o.chat_day;
  const fs::path earlier = fs::path(o.output_dir) / "config.resolved.json";
  if (o.resume_from_checkpoint == "never" || !fs::is_regular_file(earlier)) return today();
  const Json config = try_json(read_file(earlier)).value_or(Json());
  const Json day = config.is_object() ? config.value("chat_day", Json()) : Json();
  return day.is_string() ? day.get<std::string>() : today();
}

void choose_prompt(TrainingSetup& setup) {
  TrainOptions& o = setup.options;
  setup.prompt = find_prompt_template(o.prompt_template, o.base_model);
  if (!setup.prompt.chat) return;
  o.chat_day = day_of(o);
  set_day(setup.prompt, *o.chat_day, "chat_day");
}

void read_data(TrainingSetup& setup, const Poll& poll) {
  TrainOptions& o = setup.options;
  choose_prompt(setup);
  const RowReading how = reading_for(setup.prompt, o.fold_turns);
  const auto rows = read_rows(o.data_path.values, how);
  const auto validation_rows = o.val_data_path ? read_rows(row_files({*o.val_data_path}), how) : std::vector<Row>();
  setup.rows = survey_to_train(rows);
  setup.rows.add(survey_to_train(validation_rows));
  if (needs_tokenizer(rows) || needs_tokenizer(validation_rows)) setup.tokenizer = load_tokenizer(o.base_model);
  const ExampleOptions form{setup.prompt, o.cutoff_len, o.over_length, o.train_on_inputs, o.chat_loss, poll};
  if (poll) poll();
  setup.training = make_examples(rows, setup.tokenizer.get(), form, setup.spec.vocab_size);
  if (o.val_data_path) {
    setup.validation = make_examples(validation_rows, setup.tokenizer.get(), form, setup.spec.vocab_size);
  } else {
    o.val_set_size = rows_held_back(o, static_cast<int64_t>(setup.training.examples.size()));
    setup.validation.examples = split_validation(setup.training.examples, o.val_set_size, static_cast<uint64_t>(o.seed));
  }
  if (setup.rows.empty_outputs > 0) {
    log::warn("{} of {} rows have an empty output, {} the first of them.", setup.rows.empty_outputs,
              rows.size() + validation_rows.size(), setup.rows.first_empty);
  }
  if (setup.training.truncated > 0) {
    log::warn("{} of {} rows are longer than cutoff_len {} and were cut.", setup.training.truncated, rows.size(), o.cutoff_len);
  }
  if (setup.training.dropped > 0) {
    log::warn("{} of {} rows are longer than cutoff_len {} and were dropped.", setup.training.dropped, rows.size(),
              o.cutoff_len);
  }
}

void check_lengths(const TrainingSetup& setup) {
  const Context context(setup.spec, lead_tokens(setup.options.adapter));
  for (const auto* set : {&setup.training, &setup.validation}) {
    for (const auto& example : set->examples) context.require(example.where + ": it", static_cast<int64_t>(example.ids.size()));
  }
}

/// Bytes that a training step keeps per token: what each block leaves for backward, in the base's type.
int64_t activation_bytes(const TrainingSetup& setup) {
  const ModelSpec& s = setup.spec;
  const auto width = static_cast<int64_t>(c10::elementSize(setup.dtype));
  const int64_t q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim;
  const int64_t block = 4 * s.hidden_size + 3 * q + 2 * kv + 3 * s.intermediate_size;
  const int64_t kept = setup.options.gradient_checkpointing ? s.layers * s.hidden_size + block : s.layers * block;
  return kept * width;
}

/// Base and adapters without values, held against the headers of what will be read.
void check_shapes(TrainingSetup& setup) {
  const TrainOptions& o = setup.options;
  const bool full = learns_all_weights(o.adapter);
  Transformer shape = o.init_base == "random" ? shape_only(setup.spec, full)
                                              : load_model(o.base_model, setup.spec, {setup.dtype, at::kMeta, full});
  if (!full) require_patterns_match(shape, o.adapter);
  const Adapters adapters = Adapters::attach(shape, o.adapter, 0);
  if (o.init_adapter) adapters.check_fits(*o.init_adapter);
  if (o.init_adapter) require_no_ends(AdapterTensors::open(*o.init_adapter, weights_file(o.adapter)));
  setup.cost = adapters.cost(static_cast<int64_t>(c10::elementSize(setup.dtype)));
}

int64_t longest_micro_batch(const TrainingSetup& setup) {
  std::vector<size_t> lengths;
  for (const auto& example : setup.training.examples) lengths.push_back(example.ids.size());
  std::sort(lengths.rbegin(), lengths.rend());
  int64_t tokens = 0;
  for (size_t i = 0; i < std::min<size_t>(lengths.size(), static_cast<size_t>(setup.options.micro_batch_size)); ++i) {
    tokens += static_cast<int64_t>(
        setup.options.packing ? std::max<size_t>(lengths[i], static_cast<size_t>(setup.options.cutoff_len)) : lengths[i]);
  }
  return tokens;
}

/// Whether it lies in a checkpoint of the folder's, which a run may replace or remove.
bool is_in_checkpoint_of(const fs::path& folder, const fs::path& place) {
  std::error_code failed;
  const fs::path inside = fs::relative(fs::weakly_canonical(place, failed), fs::weakly_canonical(folder, failed), failed);
  return !failed && !inside.empty() && is_own_checkpoint(folder / *inside.begin());
}

/// What is written into output_dir is nothing that is read; nor is the folder one that is read from.
void check_outputs(const TrainOptions& o) {
  const fs::path folder = o.output_dir;
  for (const auto& [key, place] :
       {std::pair("base_model", fs::path(o.base_model)), {"init_adapter", o.init_adapter.value_or("")}}) {
    if (!place.empty() && is_same(place, folder))
      throw InputError("output_dir: is the folder of {}, {}, which is read; choose another one.", key, place.string());
    if (!place.empty() && is_in_checkpoint_of(folder, place))
      throw InputError("output_dir: holds {}, {}, among the checkpoints that the run replaces; choose another one.", key,
                       place.string());
  }
  std::vector<fs::path> read(o.data_path.values.begin(), o.data_path.values.end());
  for (const auto& more : {o.val_data_path.value_or(""), o.prompt_template, o.base_model}) read.emplace_back(more);
  std::vector<fs::path> written;
  for (const char* name : {"metrics.jsonl", "launches.jsonl", "config.resolved.json", "loss.svg", "curvature.svg", "README.md",
                           "adapter_config.json", "hyplora.json", prompt_record_file})
    written.push_back(folder / name);
  written.push_back(folder / weights_file(o.adapter));
  require_apart(written, read);
}

/// Ids one after the other as they are shown: text, special tokens marked.
class ShownTokens {
 public:
  explicit ShownTokens(const Tokenizer* tokenizer) : tokenizer_(tokenizer) {
    if (tokenizer != nullptr) stream_.emplace(*tokenizer);
  }

  std::string next(int64_t id) {
    if (!stream_) return (std::exchange(first_, false) ? "" : " ") + std::to_string(id);
    if (id >= tokenizer_->size()) return fmt::format("«{}»", id);
    const std::string piece = tokenizer_->decode({id}, true);
    if (!piece.empty() && tokenizer_->decode({id}).empty()) return "«" + piece + "»";
    return stream_->next(id);
  }
  /// What was held back of a character.
  std::string rest() { return stream_ ? stream_->rest() : ""; }

 private:
  const Tokenizer* tokenizer_;
  std::optional<TextStream> stream_;
  bool first_ = true;
};

}  // namespace

TrainingSetup prepare_training(const TrainOptions& options, at::Device device, const Poll& poll) {
  TrainingSetup setup;
  setup.options = options;
  setup.device = device;
  setup.dtype = learns_all_weights(options.adapter) ? at::kFloat : dtype_named(options.dtype, device);
  setup.options.data_path.values = training_files(options.data_path.values);
  check_outputs(setup.options);
  setup.spec = read_model_spec(options.base_model);
  check_dtype(setup.spec, setup.dtype);
  check_shapes(setup);
  read_data(setup, poll);
  check_lengths(setup);
  require_writable_folder(options.output_dir);
  setup.free_bytes = free_memory_bytes(device);
  use_deterministic_algorithms(options.deterministic);
  return setup;
}

void load_base(TrainingSetup& setup) {
  const TrainOptions& o = setup.options;
  setup.lock = std::make_unique<FolderLock>(o.output_dir);
  const WeightOptions form{setup.dtype, setup.device, learns_all_weights(o.adapter)};
  const auto seed = static_cast<uint64_t>(o.seed);
  setup.model = std::make_unique<Transformer>(
      o.init_base == "random"
          ? Transformer(setup.spec,
                        Weights(random_weights(setup.spec.initializer_range, seed, setup.spec.norm_offset ? 0 : 1), form))
          : load_model(o.base_model, setup.spec, form));
  setup.model->set_gradient_checkpointing(o.gradient_checkpointing);
  setup.adapters = Adapters::attach(*setup.model, o.adapter, seed);
  if (o.init_adapter) setup.adapters.restore(*o.init_adapter);
}

int64_t total_steps(const TrainOptions& options, const Batches& batches) {
  return options.max_steps > 0 ? options.max_steps : options.num_epochs * batches.steps_per_epoch();
}

int64_t warmup_steps(const TrainOptions& options, int64_t steps) {
  if (options.warmup_steps > 0) return options.warmup_steps;
  return static_cast<int64_t>(std::ceil(options.warmup_ratio * static_cast<double>(steps)));
}

std::vector<std::string> plan_advice(const TrainOptions& o, const TrainingPlan& plan) {
  const TrainOptions defaults;  // nobody asked for these
  std::vector<std::string> said;
  const auto say = [&]<class... Args>(fmt::format_string<Args...> text, Args&&... args) {
    said.push_back(fmt::format(text, std::forward<Args>(args)...));
  };
  if (plan.warmup_steps >= plan.steps)
    say("the warm-up of {} steps is as long as the run ({} steps): the learning rate never reaches its peak", plan.warmup_steps,
        plan.steps);
  if (o.warmup_steps > 0 && o.warmup_ratio > 0)
    say("warmup_ratio {} is not used beside warmup_steps {}; set warmup_steps to 0 for it", o.warmup_ratio, o.warmup_steps);
  if (plan.sequences < o.batch_size && o.batch_size != defaults.batch_size)
    say("batch_size {} is more than the {} {} there are: a step has no more", o.batch_size, plan.sequences,
        o.packing ? "packed sequences" : "rows");
  if (o.eval_step > plan.steps && o.eval_step != defaults.eval_step && plan.validation_rows > 0)
    say("eval_step {} is more than the run's {} steps: there is no validation before its end", o.eval_step, plan.steps);
  if (o.save_step > plan.steps && o.save_step != defaults.save_step)
    say("save_step {} is more than the run's {} steps: no checkpoint is due before its end", o.save_step, plan.steps);
  if (plan.free_bytes && plan.predicted_peak_bytes > *plan.free_bytes)
    say("the predicted peak of {} MB is more than the {} MB that the GPU has left; a smaller micro_batch_size{} needs less",
        plan.predicted_peak_bytes >> 20, *plan.free_bytes >> 20, o.gradient_checkpointing ? "" : " or gradient_checkpointing");
  return said;
}

TrainingPlan plan_training(const TrainingSetup& setup, const Batches& batches) {
  const TrainOptions& o = setup.options;
  TrainingPlan plan;
  plan.row_schemas = setup.rows.schemas;
  plan.empty_outputs = setup.rows.empty_outputs;
  plan.training_rows = static_cast<int64_t>(setup.training.examples.size());
  plan.validation_rows = static_cast<int64_t>(setup.validation.examples.size());
  plan.truncated_rows = setup.training.truncated;
  plan.dropped_rows = setup.training.dropped;
  plan.tokens_per_epoch = setup.training.tokens();
  plan.supervised_per_epoch = setup.training.supervised();
  plan.sequences = batches.sequences();
  plan.steps_per_epoch = batches.steps_per_epoch();
  plan.steps = total_steps(o, batches);
  plan.warmup_steps = warmup_steps(o, plan.steps);
  if (!learns_all_weights(o.adapter)) log_dtype_advice(o.dtype, setup.device);
  plan.base_parameters = setup.spec.parameters();
  plan.trained_parameters = setup.cost.parameters;
  const bool full = learns_all_weights(o.adapter);
  plan.base_bytes = plan.base_parameters * static_cast<int64_t>(c10::elementSize(setup.dtype));
  const int64_t trained_bytes =
      setup.cost.parameters * 4 * (full ? 3 : 4);  // value (full: the base's own), gradient, two moments
  constexpr int64_t libraries = int64_t{250} << 20, head = int64_t{3} * 32 << 20;
  plan.predicted_peak_bytes = libraries + head + plan.base_bytes + trained_bytes +
                              (activation_bytes(setup) + setup.cost.bytes_per_token) * longest_micro_batch(setup);
  plan.free_bytes = setup.free_bytes;
  for (const auto& sentence : plan_advice(o, plan)) log::warn("{}", sentence);
  return plan;
}

Json TrainingPlan::to_json() const {
  return {{"row_schemas", row_schemas},
          {"empty_outputs", empty_outputs},
          {"training_rows", training_rows},
          {"validation_rows", validation_rows},
          {"truncated_rows", truncated_rows},
          {"dropped_rows", dropped_rows},
          {"tokens_per_epoch", tokens_per_epoch},
          {"supervised_tokens_per_epoch", supervised_per_epoch},
          {"steps_per_epoch", steps_per_epoch},
          {"steps", steps},
          {"warmup_steps", warmup_steps},
          {"base_parameters", base_parameters},
          {"trained_parameters", trained_parameters},
          {"base_bytes", base_bytes},
          {"predicted_peak_memory_bytes", predicted_peak_bytes}};
}

std::string preview(const Example& example, const Tokenizer* tokenizer) {
  ShownTokens shown(tokenizer);
  std::string text;
  for (size_t begin = 0; begin < example.ids.size();) {
    const bool masked = example.labels[begin] == no_loss;
    std::string part;
    size_t end = begin;
    for (; end < example.ids.size() && (example.labels[end] == no_loss) == masked; ++end) part += shown.next(example.ids[end]);
    if (end == example.ids.size()) part += shown.rest();
    text += masked ? "[no loss: " + part + "]" : part;
    begin = end;
  }
  return text;
}

}  // namespace hyplora
