// hyplora-eval: scores a checkpoint, with or without adapters, on the rows of a benchmark file, or measures its loss on them.
#include <cstdio>
#include <map>
#include <optional>

#include "common.h"
#include "core/error.h"
#include "core/log.h"
#include "eval/compare.h"
#include "eval/evaluate.h"
#include "io/files.h"
#include "model/load.h"

using namespace hyplora;

namespace {

struct Arguments {
  apps::CommonOptions common;
  std::string model, data, benchmark, output, prompt_template = "alpaca", dtype = "auto";
  std::vector<std::string> adapters, compared;
  EvaluateOptions evaluate;
  int64_t limit = 0;
  bool resume = false;
};

/// The rows of one data file and how they are judged.
struct Benchmark {
  const Task* task;
  fs::path file;
  std::vector<Row> rows;
};

std::vector<fs::path> data_files(const fs::path& data) {
  if (!fs::is_directory(data)) return {data};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(data)) {
    if (entry.path().extension() == ".json" || entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  if (files.empty()) throw InputError("{}: holds no .json or .jsonl file.", data.string());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Benchmark> read_benchmarks(const Arguments& arguments) {
  std::vector<Benchmark> benchmarks;
  for (const auto& file : data_files(arguments.data)) {
    const Task& task = arguments.benchmark.empty() ? task_of_file(file) : find_task(arguments.benchmark);
    std::vector<Row> rows = read_rows({file.string()});
    if (arguments.limit > 0 && static_cast<int64_t>(rows.size()) > arguments.limit)
      rows.resize(static_cast<size_t>(arguments.limit));
    benchmarks.push_back({&task, file, std::move(rows)});
  }
  return benchmarks;
}

std::string display_name(const std::string& adapter) {
  const fs::path path(adapter);
  return (path.has_filename() ? path : path.parent_path()).filename();
}

Json settings(const Arguments& a) {
  const DecodeOptions& d = a.evaluate.decode;
  Json all{{"template", a.prompt_template},
           {"dtype", a.dtype},
           {"decoding", d.beams > 1         ? "beam search"
                        : d.temperature > 0 ? "sampling"
                                            : "greedy"},
           {"max_new_tokens", d.max_new_tokens},
           {"batch_size", d.batch_size},
           {"beams", d.beams},
           {"length_penalty", d.length_penalty},
           {"early_stopping", d.early_stopping},
           {"temperature", d.temperature},
           {"top_k", d.top_k},
           {"top_p", d.top_p},
           {"repetition_penalty", d.repetition_penalty},
           {"seed", d.seed}};
  all["train_on_inputs"] = a.evaluate.train_on_inputs;
  all["cutoff_len"] = a.evaluate.cutoff_len;
  return all;
}

void print_table(const std::vector<Json>& results) {
  std::printf("%-14s %-22s %6s %8s %10s %9s %10s\n", "benchmark", "adapter", "n", "correct", "accuracy", "+-", "tokens/s");
  for (const auto& r : results) {
    const std::string name = r["benchmark"], adapter = r["adapter"].is_null() ? "(base)" : display_name(r["adapter"]);
    const auto n = r["n"].get<long>();
    const double speed = r["tokens_per_second"];
    if (r.contains("loss")) {
      std::printf("%-14s %-22s %6ld loss %.5f, perplexity %.4f, %.0f tokens/s\n", name.c_str(), adapter.c_str(), n,
                  r["loss"].get<double>(), r["perplexity"].get<double>(), speed);
      continue;
    }
    std::printf("%-14s %-22s %6ld %8ld %9.1f%% %8.1f%% %10.0f\n", name.c_str(), adapter.c_str(), n, r["correct"].get<long>(),
                100 * r["accuracy"].get<double>(), 100 * r["stderr"].get<double>(), speed);
  }
}

/// Several adapters share one output folder: each gets its own inside.
fs::path records_folder(const Arguments& arguments, const std::string& adapter) {
  if (arguments.adapters.size() < 2) return arguments.output;
  return fs::path(arguments.output) / (adapter.empty() ? "base" : display_name(adapter));
}

void write_results(const Arguments& arguments, const std::vector<Json>& results) {
  Json file = results.size() == 1 ? results[0] : Json::object();
  file["results"] = results;
  write_file(fs::path(arguments.output) / "results.json", file.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// What tells this run from others over the same folder.
Json run_of(const Arguments& arguments, const std::string& adapter, const Benchmark& benchmark) {
  const fs::path weights = fs::path(adapter) / "adapter_model.safetensors";
  return {{"model", arguments.model},
          {"adapter", adapter},
          {"adapter_hash", !adapter.empty() && fs::exists(weights) ? file_hash(weights) : ""},
          {"data", benchmark.file.string()},
          {"data_hash", file_hash(benchmark.file)},
          {"rows", benchmark.rows.size()},
          {"settings", settings(arguments)}};
}

fs::path progress_path(const Arguments& arguments, const std::string& adapter, const Benchmark& benchmark) {
  return records_folder(arguments, adapter) / (std::string(benchmark.task->name) + ".progress.jsonl");
}

TaskResult score(const Arguments& arguments, const std::string& adapter, const Transformer& model, const Tokenizer* tokenizer,
                 const Benchmark& benchmark) {
  apps::StatusLine status(!arguments.common.quiet);
  const auto n = static_cast<int64_t>(benchmark.rows.size());
  std::optional<ProgressFile> progress;
  if (!arguments.output.empty() && benchmark.task->verdict != Verdict::loss) {
    fs::create_directories(records_folder(arguments, adapter));
    progress.emplace(progress_path(arguments, adapter, benchmark), run_of(arguments, adapter, benchmark), arguments.resume);
  }
  const auto show = [&](int64_t done, int64_t correct) {
    status.show(fmt::format("{} {}/{}  {:.1f}%", benchmark.task->name, done, n,
                            100.0 * static_cast<double>(correct) / static_cast<double>(done)));
  };
  return evaluate(model, tokenizer, *benchmark.task, benchmark.rows, arguments.evaluate, show, progress ? &*progress : nullptr);
}

/// results.json; then the progress files have served.
void finish_output(const Arguments& arguments, const std::vector<Benchmark>& benchmarks, const std::vector<Json>& results) {
  write_results(arguments, results);
  for (const auto& named : arguments.adapters.empty() ? std::vector<std::string>{"none"} : arguments.adapters) {
    for (const auto& benchmark : benchmarks) fs::remove(progress_path(arguments, named == "none" ? "" : named, benchmark));
  }
}

bool needs_tokenizer(const std::vector<Benchmark>& benchmarks) {
  return std::any_of(benchmarks.begin(), benchmarks.end(), [](const Benchmark& b) {
    return std::any_of(b.rows.begin(), b.rows.end(), [](const Row& row) { return !row.tokenised(); });
  });
}

/// The records of a run: a file, or every benchmark's file in a folder.
std::map<std::string, Json> records_of(const fs::path& place) {
  std::map<std::string, Json> all;
  for (const auto& file : data_files(place)) {
    if (file.filename() != "results.json" && file.extension() == ".json") all[file.stem().string()] = read_json(file);
  }
  return all;
}

void print_comparison(const std::string& name, const Comparison& c) {
  const auto percent = [&](int64_t right) { return 100.0 * static_cast<double>(right) / static_cast<double>(c.n); };
  std::printf("%-14s n %ld  A %.1f%%  B %.1f%%  B - A %+.1f%% [%+.1f, %+.1f]  only A %ld, only B %ld, McNemar p %.4g\n",
              name.c_str(), static_cast<long>(c.n), percent(c.right_a), percent(c.right_b), 100 * c.difference(), 100 * c.low,
              100 * c.high, static_cast<long>(c.only_a), static_cast<long>(c.only_b), c.p);
}

/// Prints the figures of every benchmark that both runs hold, then the rows whose verdict changed.
int compare_runs(const Arguments& arguments) {
  const auto a = records_of(arguments.compared.at(0)), b = records_of(arguments.compared.at(1));
  int compared = 0;
  const bool files = !fs::is_directory(arguments.compared[0]) && !fs::is_directory(arguments.compared[1]);
  for (const auto& [name, records] : a) {
    const auto other = files ? b.begin() : b.find(name);
    if (other == b.end()) continue;
    const Comparison c = compare(records, other->second, arguments.evaluate.decode.seed);
    print_comparison(name, c);
    for (const size_t row : c.changed) {
      std::printf("  row %zu, only %s right: A %s, B %s, answer %s\n", row + 1, records[row].value("flag", false) ? "A" : "B",
                  records[row]["pred"].dump().c_str(), other->second[row]["pred"].dump().c_str(),
                  records[row]["answer"].dump().c_str());
    }
    ++compared;
  }
  if (compared == 0)
    throw InputError("--compare: {} and {} hold no benchmark in common.", arguments.compared[0], arguments.compared[1]);
  return 0;
}

int run(Arguments& arguments) {
  const at::Device device = apps::apply_common_options(arguments.common);
  if (!arguments.compared.empty()) return compare_runs(arguments);
  if (arguments.model.empty() || arguments.data.empty()) throw InputError("--model and --data are needed (or --compare A B).");
  if (arguments.resume && arguments.output.empty())
    throw InputError("--resume needs --output, the folder of the run that is to go on.");
  arguments.evaluate.prompt = find_prompt_template(arguments.prompt_template);
  check_decode_options(arguments.evaluate.decode);
  const auto benchmarks = read_benchmarks(arguments);
  const ModelSpec spec = read_model_spec(arguments.model);
  arguments.evaluate.decode.stop_ids = spec.eos;
  const auto tokenizer = needs_tokenizer(benchmarks) ? load_tokenizer(arguments.model) : nullptr;
  if (!arguments.output.empty()) require_writable_folder(arguments.output);
  Transformer model = load_model(arguments.model, spec, {dtype_named(arguments.dtype, device), device, false});
  std::vector<Json> results;
  for (const auto& named : arguments.adapters.empty() ? std::vector<std::string>{"none"} : arguments.adapters) {
    const std::string adapter = named == "none" ? "" : named;
    detach_adapters(model);
    if (!adapter.empty()) Adapters::load(model, adapter);
    for (const auto& benchmark : benchmarks) {
      TaskResult result = score(arguments, adapter, model, tokenizer.get(), benchmark);
      Json entry = result.to_json();
      entry.update(Json{{"model", arguments.model}, {"adapter", adapter.empty() ? Json(nullptr) : Json(adapter)}});
      entry["settings"] = settings(arguments);
      results.push_back(entry);
      if (arguments.output.empty() || result.records.empty()) continue;
      const fs::path folder = records_folder(arguments, adapter);
      fs::create_directories(folder);
      write_file(folder / (result.benchmark + ".json"),
                 result.records.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    }
  }
  if (!arguments.output.empty()) finish_output(arguments, benchmarks, results);
  print_table(results);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Scores a checkpoint (and adapters) on benchmark files, or measures its loss on rows.");
  Arguments a;
  app.add_option("--model", a.model, "checkpoint folder");
  app.add_option("--adapter", a.adapters, "adapter folder; may be given several times, \"none\" is the base alone")
      ->expected(1)
      ->take_all();
  app.add_option("--data", a.data, "file of rows with instruction, input, output, answer; or a folder of such files");
  app.add_option("--benchmark", a.benchmark, "how rows are judged (default: by the file's name)");
  app.add_option("--template", a.prompt_template, "prompt template: alpaca, llama3, qwen, gemma, none or a JSON file")
      ->capture_default_str();
  apps::add_decode_options(app, a.evaluate.decode);
  app.add_option("--limit", a.limit, "only the first N rows of a file (0: all)")->check(CLI::NonNegativeNumber);
  app.add_option("--cutoff-len", a.evaluate.cutoff_len, "loss: token limit of a row")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--train-on-inputs", a.evaluate.train_on_inputs, "loss: the prompt counts too");
  app.add_option("--output", a.output, "folder for results.json and the records");
  app.add_flag("--resume", a.resume, "go on with a run that was stopped: rows that are in --output are not done again");
  app.add_option("--compare", a.compared,
                 "two earlier runs (folders or record files): difference, interval, McNemar's p, changed rows")
      ->expected(2);
  app.add_option("--dtype", a.dtype, "auto, float32, bfloat16 or float16")->capture_default_str();
  apps::add_common_options(app, a.common);
  return apps::run_program(app, argc, argv, [&] { return run(a); });
}
