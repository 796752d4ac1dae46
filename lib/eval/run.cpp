#include "eval/run.h"

#include <algorithm>
#include <set>

#include "adapter/adapter.h"
#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "data/prompt_record.h"
#include "data/row_files.h"
#include "eval/fingerprint.h"
#include "eval/output_names.h"
#include "eval/report.h"
#include "eval/result_entry.h"
#include "generate/end_ids.h"
#include "io/apart.h"
#include "io/identity.h"
#include "io/lock.h"
#include "model/dtype_advice.h"
#include "model/load.h"

namespace hyplora {
namespace {

/// One file of rows, and the name of what is written about it.
struct Benchmark {
  PreparedTask prepared;
  fs::path file;
  std::string name, hash;
};

/// The base (empty path) or an adapter on it, and the name of its folder in the output.
struct Subject {
  std::string adapter, name, hash;
};

/// A benchmark to be scored with a subject, and what is there of it from an earlier run.
struct Job {
  const Subject* subject;
  const Benchmark* benchmark;
  std::optional<Json> finished;  // its entry of results.json
  Records done;                  // rows of a run that was stopped
  std::optional<ProgressFile> progress;
};

void keep_first(std::vector<Row>& rows, int64_t limit) {
  if (limit > 0 && static_cast<int64_t>(rows.size()) > limit) rows.resize(static_cast<size_t>(limit));
}

std::vector<Turn> read_shots(const EvalOptions& options) {
  if (options.few_shot == 0) return {};
  std::vector<Row> rows = read_rows({options.few_shot_data});
  if (static_cast<int64_t>(rows.size()) < options.few_shot) {
    throw InputError("{}: found {} rows, expected at least the {} of --few-shot.", options.few_shot_data, rows.size(),
                     options.few_shot);
  }
  keep_first(rows, options.few_shot);
  std::vector<Turn> shots;
  for (const Row& row : rows) {
    if (row.output.empty()) throw InputError("{}: a worked example needs an output.", row.where);
    shots.push_back({row.instruction, row.input, row.output});
  }
  return shots;
}

/// The options' identity without what differs between the jobs of a run, and with the type that is computed in.
Identity shared_identity(const EvalOptions& options, at::ScalarType dtype) {
  EvalOptions copy = options;
  Identity made = identity_of(eval_fields(copy));
  for (const char* own : {"model", "data", "benchmark"}) {
    made.values.erase(own);
    made.files.erase(own);
  }
  for (size_t i = 0; i < options.adapters.size(); ++i) made.values.erase(fmt::format("adapter[{}]", i));
  if (options.few_shot == 0) made.files.erase("few_shot_data");
  made.values["dtype"] = dtype_text(dtype);
  made.add_file("generation_config", generation_config_file(options.model));
  return made;
}

class EvalRun {
 public:
  EvalRun(const EvalOptions& options, const EvalScene& scene) : options_(options), scene_(scene) {
    options_.prompt_template = choose_template(options.prompt_template, options.adapters, options.model, "alpaca");
    static_cast<ScoringOptions&>(evaluate_) = options.evaluate;
    evaluate_.prompt = find_prompt_template(*options_.prompt_template, options.model);
    evaluate_.shots = read_shots(options);
    evaluate_.interrupted = scene.stop;
    evaluate_.group = scene.group;
    spec_ = read_model_spec(options.model);
    dtype_ = dtype_named(options.dtype, scene.device);
    read_subjects();
    read_benchmarks();
    evaluate_.stop_ids = end_ids(spec_, tokenizer_.get(), evaluate_.prompt);
    shared_ = shared_identity(options_, dtype_);
    shared_.values["template_hash"] = template_hash(evaluate_.prompt) + day_shown(evaluate_.prompt);
    if (tokenizer_) {
      for (const auto& [name, file] : tokenizer_->files()) shared_.add_file(name, file);
    }
    for (const Subject& subject : subjects_)
      for (const Benchmark& benchmark : benchmarks_) jobs_.push_back({&subject, &benchmark, std::nullopt, {}, std::nullopt});
    if (writes()) check_output();
  }

  EvalOutcome run() {
    Transformer model = load_model(options_.model, spec_, {dtype_, scene_.device, false});
    for (const Subject& subject : subjects_) put_on(model, subject);  // each is proven to fit
    if (writes()) start_progress();
    log_dtype_advice(options_.dtype, scene_.device);
    for (Job& job : jobs_) {
      if (subjects_.size() > 1 && job.benchmark == &benchmarks_.front()) put_on(model, *job.subject);
      score(model, job);
      if (outcome_.interrupted) return outcome_;
    }
    if (writes()) group().from_first([&] { return finish_output(); });
    return outcome_;
  }

 private:
  bool writes() const { return !options_.output.empty(); }
  Group& group() const { return *evaluate_.group; }

  void read_benchmarks() {
    std::vector<std::pair<fs::path, std::vector<Row>>> read;
    bool has_text = false;
    for (const auto& file : data_files(options_.data)) {
      if (options_.benchmark.empty()) task_of_file(file);
      read.emplace_back(file, read_rows({file.string()}, reading_for(evaluate_.prompt, options_.fold_turns)));
      keep_first(read.back().second, options_.limit);
      for (const Row& row : read.back().second) has_text |= !row.tokenised();
    }
    if (has_text) tokenizer_ = load_tokenizer(options_.model);
    OutputNames names({"results"});
    for (auto& [file, rows] : read) {
      const Task& task = options_.benchmark.empty() ? task_of_file(file) : find_task(options_.benchmark);
      benchmarks_.push_back({prepare(task, std::move(rows), tokenizer_.get(), spec_, evaluate_), file, names.take(task.name),
                             writes() && !fs::is_other(file) ? file_hash(file) : ""});
    }
  }

  void read_subjects() {
    OutputNames names({"results.json", "report.html"});
    std::vector<std::string> adapters = options_.adapters.empty() ? std::vector<std::string>{no_adapter} : options_.adapters;
    std::replace(adapters.begin(), adapters.end(), std::string(no_adapter), std::string());
    for (const auto& called : adapter_names(adapters)) {
      const std::string& adapter = adapters[subjects_.size()];
      if (!adapter.empty()) evaluate_.lead_tokens = std::max(evaluate_.lead_tokens, lead_tokens(read_adapter_options(adapter)));
      subjects_.push_back(
          {adapter, names.take(as_file_name(called)), adapter.empty() || !writes() ? "" : folder_hash(adapter)});
    }
  }

  /// A progress file says more than results.json, which may be older. Rank 0 reads for all what may be many gigabytes, and keeps
  /// the rows of an earlier run.
  void check_output() {
    require_outputs_apart();
    require_writable_folder(options_.output);
    group().from_first([&] {
      lock_ = std::make_unique<FolderLock>(options_.output, ".hyplora-eval.lock");
      return Json();
    });
    model_files_ =
        group().from_first([&] { return Json(file_hashes(options_.model)); }).get<std::map<std::string, std::string>>();
    if (!options_.resume) return;
    const Json finished = group().from_first([&] { return earlier_run(); });
    for (size_t i = 0; i < jobs_.size(); ++i) {
      if (!finished[i].is_null()) jobs_[i].finished = finished[i];
    }
  }

  void require_outputs_apart() const {
    const fs::path output = options_.output;
    std::vector<fs::path> written{output / "results.json", output / "report.html"},
        read{options_.few_shot_data, *options_.prompt_template};
    for (const Job& job : jobs_) {
      written.push_back(records_path(job));
      written.push_back(progress_path(job));
    }
    for (const Benchmark& benchmark : benchmarks_) read.push_back(benchmark.file);
    require_no_pipes(read);  // what may go on must know what it began with
    require_apart(written, read);
  }

  /// For each job its entry of an earlier results.json, or null; the rows of progress files go to the jobs.
  Json earlier_run() {
    const fs::path results = fs::path(options_.output) / "results.json";
    const Json earlier = fs::exists(results) ? read_json(results) : Json();
    Json finished = Json::array();
    for (Job& job : jobs_) {
      const auto files = progress_files(job);
      for (const auto& file : files) job.done.merge(ProgressFile::read(file, identity(job)));
      const bool looks = earlier.is_object() && files.empty();
      finished.push_back(looks ? earlier_entry(job, earlier.value("results", Json())).value_or(Json()) : Json());
    }
    return finished;
  }

  /// The first that is written, when nothing is wrong any more. Rank 0's files take over the rows of all of an earlier run's
  /// before the others write theirs.
  void start_progress() {
    group().from_first([&] {
      std::vector<fs::path> earlier;
      for (const Job& job : jobs_) {
        if (job.finished) continue;
        for (auto& file : progress_files(job)) earlier.push_back(std::move(file));
      }
      open_progress();
      remove_earlier(earlier);
      return Json();
    });
    open_progress();
  }

  void open_progress() {
    for (Job& job : jobs_) {
      if (job.finished || job.progress) continue;
      const fs::path path = progress_path(job);
      fs::create_directories(path.parent_path());
      job.progress.emplace(path, identity(job), std::move(job.done));
    }
  }

  void remove_earlier(const std::vector<fs::path>& earlier) const {
    if (!options_.resume && !earlier.empty())
      log::warn("{}: without --resume an earlier run's rows are done again", earlier.front().string());
    std::set<fs::path> own;
    for (const Job& job : jobs_) own.insert(progress_path(job));
    for (const auto& file : earlier) {
      if (own.count(file) == 0) fs::remove(file);
    }
  }

  static void put_on(Transformer& model, const Subject& subject) {
    detach_adapters(model);
    if (!subject.adapter.empty()) Adapters::load(model, subject.adapter);
  }

  fs::path folder(const Job& job) const {
    return subjects_.size() < 2 ? fs::path(options_.output) : fs::path(options_.output) / job.subject->name;
  }
  fs::path records_path(const Job& job) const { return folder(job) / (job.benchmark->name + ".json"); }
  fs::path progress_path(const Job& job) const {
    const std::string rank = group().rank() == 0 ? "" : fmt::format(".{}", group().rank());
    return folder(job) / fmt::format("{}.progress{}.jsonl", job.benchmark->name, rank);
  }
  /// Of all processes of this run or an earlier one.
  std::vector<fs::path> progress_files(const Job& job) const {
    std::vector<fs::path> files;
    if (!fs::exists(folder(job))) return files;
    for (const auto& entry : fs::directory_iterator(folder(job))) {
      const std::string name = entry.path().filename();
      if (name.starts_with(job.benchmark->name + ".progress.") && name.ends_with("jsonl")) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  /// What was computed, and what only changed how fast.
  Json settings() const {
    Json all{{"template", *options_.prompt_template},
             {"device", device_text(scene_.device)},
             {"processes", group().size()},
             {"decoding", decoding_text(evaluate_.decode)},
             {"batch_size", evaluate_.decode.batch_size}};
    all.update(shared_.values);
    return all;
  }

  Json hashes(const Job& job) const {
    Json all{{"of", "SHA-256; model and adapter: of the lines that sha256sum prints for their files, in name order"},
             {"model", folder_hash(model_files_)},
             {"model_files", model_files_}};
    all["adapter"] = job.subject->hash.empty() ? Json(nullptr) : Json(job.subject->hash);
    all["tokenizer"] = nullptr;
    all["data"] = job.benchmark->hash;
    all["few_shot_data"] = nullptr;
    for (const auto& [name, file] : shared_.files.items()) all[name] = file["hash"];
    return all;
  }

  /// What must be the same for an earlier run's rows to count.
  Json identity(const Job& job) const {
    const PreparedTask& prepared = job.benchmark->prepared;
    return identity(prepared.task->name, prepared.task->verdict->description(), prepared.count(), hashes(job), shared_.values);
  }
  Json identity(const Json& benchmark, const Json& verdict, const Json& rows, const Json& hashes, const Json& settings) const {
    Json counting = Json::object();
    for (const auto& [name, unused] : shared_.values.items()) counting[name] = settings.value(name, Json());
    return {{"benchmark", benchmark}, {"verdict", verdict}, {"rows", rows}, {"hashes", hashes}, {"settings", counting}};
  }

  /// What results.json of an earlier run says of this job; InputError where it was another run.
  std::optional<Json> earlier_entry(const Job& job, const Json& entries) const {
    for (const Json& entry : entries) {
      if (!entry.is_object() || entry.value("benchmark", Json()) != Json(job.benchmark->prepared.task->name) ||
          entry.value("adapter", Json()) != adapter_json(job) ||
          entry.value("data", Json()) != Json(job.benchmark->file.string()))
        continue;
      const std::string file = (fs::path(options_.output) / "results.json").string();
      require_result_entry(entry, file);
      const Json before = identity(entry["benchmark"], entry["verdict"], entry["n"], entry["hashes"], entry["settings"]);
      if (const auto changed = difference(before, identity(job)))
        throw InputError("{}: was written by another run: {}; choose another --output, or leave out --resume.", file, *changed);
      return entry;
    }
    return std::nullopt;
  }
  static Json adapter_json(const Job& job) { return job.subject->adapter.empty() ? Json(nullptr) : Json(job.subject->adapter); }

  TaskStart start_of(const Job& job) const {
    const PreparedTask& prepared = job.benchmark->prepared;
    TaskStart start{job.benchmark->name, job.subject->adapter, static_cast<int64_t>(prepared.count())};
    start.longest = prepared.longest();
    start.truncated = prepared.truncated_count();
    start.has_verdicts = !prepared.task->measures_loss();
    if (job.progress) start.done = static_cast<int64_t>(rows_of(job.progress->done()).size());
    start.cache_bytes = prepared.cache_bytes(spec_, static_cast<int64_t>(c10::elementSize(dtype_)), evaluate_);
    return start;
  }

  void score(const Transformer& model, Job& job) {
    if (job.finished) {
      outcome_.results.push_back(*job.finished);
      outcome_.records.push_back(Json::array());
      return;
    }
    scene_.observer.started(start_of(job));
    TaskResult result = evaluate(
        model, tokenizer_.get(), job.benchmark->prepared, evaluate_,
        [&](int64_t done, int64_t correct) { scene_.observer.advanced(done, correct); },
        job.progress ? &*job.progress : nullptr);
    outcome_.interrupted = result.interrupted;
    if (!result.interrupted) add_entry(job, std::move(result));
  }

  void add_entry(const Job& job, TaskResult result) {
    Json entry = result.to_json();
    entry["model"] = options_.model;
    entry["adapter"] = adapter_json(job);
    entry["data"] = job.benchmark->file.string();
    if (writes()) entry["hashes"] = hashes(job);
    entry["settings"] = settings();
    outcome_.results.push_back(std::move(entry));
    if (writes()) group().from_first([&] { return write_records(job, result.records); });
    outcome_.records.push_back(std::move(result.records));
  }

  Json write_records(const Job& job, const Json& records) const {
    if (!records.empty()) write_file(records_path(job), json_text(records, 2) + "\n");
    return {};
  }

  /// results.json and the report; then the progress files have served.
  Json finish_output() const {
    Json file = outcome_.results.size() == 1 ? outcome_.results[0] : Json::object();
    file["results"] = outcome_.results;
    const fs::path output = options_.output;
    write_file(output / "report.html", evaluation_report(outcome_.results));
    write_file(output / "results.json", json_text(file, 2) + "\n");
    for (const Job& job : jobs_) {
      for (const auto& file : progress_files(job)) fs::remove(file);
    }
    return {};
  }

  EvalOptions options_;
  const EvalScene& scene_;
  EvaluateOptions evaluate_;
  Identity shared_;
  ModelSpec spec_;
  at::ScalarType dtype_ = at::kFloat;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<Benchmark> benchmarks_;
  std::vector<Subject> subjects_;
  std::map<std::string, std::string> model_files_;
  std::vector<Job> jobs_;
  std::unique_ptr<FolderLock> lock_;  // on the output; rank 0's
  EvalOutcome outcome_;
};

}  // namespace

std::vector<fs::path> data_files(const fs::path& data) {
  if (!fs::is_directory(data)) return {data};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(data))
    if (is_row_file(entry.path())) files.push_back(entry.path());
  if (files.empty()) throw InputError("{}: holds no .json, .jsonl, .ndjson, .csv or .tsv file.", data.string());
  std::sort(files.begin(), files.end());
  return files;
}

EvalOutcome run_evaluation(const EvalOptions& options, const EvalScene& scene) {
  EvalOptions copy = options;
  eval_fields(copy).check();
  return EvalRun(options, scene).run();
}

}  // namespace hyplora
