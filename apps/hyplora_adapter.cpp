// hyplora-adapter: what an adapter holds, its merge into the base, its other layouts, its linear approximation, its geometry.
#include <algorithm>
#include <cstdio>
#include <functional>

#include "adapter/convert.h"
#include "adapter/inspect.h"
#include "adapter/merge.h"
#include "analysis/geometry_report.h"
#include "analysis/linearize.h"
#include "common.h"
#include "core/error.h"
#include "io/output_folder.h"
#include "model/load.h"

using namespace hyplora;

namespace {

struct Arguments {
  apps::CommonOptions common;
  std::string model, adapter, output, dtype, layout, data, prompt_template = "alpaca";
  int64_t rows = 64, heldout = 16, rank = 0, cutoff_len = 256;
  bool json = false, force = false, responses_only = false;
};

int inspect(const Arguments& a) {
  apps::apply_common_options(a.common);
  const Json facts = inspect_adapter(a.adapter, a.model);
  std::fputs((a.json ? facts.dump(2) + "\n" : inspection_text(facts)).c_str(), stdout);
  return 0;
}

int merge(const Arguments& a) {
  const at::Device device = apps::apply_common_options(a.common);
  std::optional<at::ScalarType> dtype;
  if (!a.dtype.empty()) dtype = dtype_named(a.dtype, device);
  OutputFolder output(a.output, a.force, {a.model, a.adapter});
  const Merge merge(a.model, a.adapter, dtype, device);
  std::printf("largest logit difference %.6g on %ld tokens (largest logit %.6g)\n", merge.probe().largest_difference,
              static_cast<long>(merge.probe().tokens), merge.probe().largest_logit);
  std::fflush(stdout);
  merge.write(output.aside());
  output.put_into_place();
  std::printf("%s: %zu weights merged\n", a.output.c_str(), merge.modules());
  return 0;
}

int convert(const Arguments& a) {
  apps::apply_common_options(a.common);
  OutputFolder output(a.output, a.force, {a.adapter});
  convert_adapter(a.adapter, a.layout, output.aside());
  output.put_into_place();
  std::printf("%s: written in layout %s\n", a.output.c_str(), a.layout.c_str());
  return 0;
}

/// The base without adapters, and rows as the training makes them.
Transformer load_base(const Arguments& a, const ModelSpec& spec, at::Device device) {
  return load_model(a.model, spec, {dtype_named(a.dtype.empty() ? "auto" : a.dtype, device), device, false});
}

std::vector<Example> examples(const Arguments& a, const ModelSpec& spec, int64_t most) {
  std::vector<Row> rows = read_rows({a.data});
  if (static_cast<int64_t>(rows.size()) > most) rows.resize(static_cast<size_t>(most));
  const bool tokenised = std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.tokenised(); });
  const auto tokenizer = tokenised ? nullptr : load_tokenizer(a.model);
  const PromptTemplate form = find_prompt_template(a.prompt_template);
  if (tokenizer) require_template_tokens(form, *tokenizer);
  const ExampleOptions options{form, a.cutoff_len, "truncate", !a.responses_only};
  return make_examples(rows, tokenizer.get(), options, spec.vocab_size).examples;
}

int linearize(const Arguments& a) {
  const at::Device device = apps::apply_common_options(a.common);
  OutputFolder output(a.output, a.force, {a.model, a.adapter});
  const ModelSpec spec = read_model_spec(a.model);
  LinearizeOptions options{a.model, a.adapter, examples(a, spec, a.rows + a.heldout), {}, std::nullopt};
  if (a.rank > 0) options.rank = a.rank;
  std::vector<Example>& rows = options.calibration;
  if (rows.size() < 2)
    throw InputError("{}: holds one row; some are needed for the fit and some to measure its error.", a.data);
  const auto all = static_cast<int64_t>(rows.size());
  const int64_t held = all == a.rows + a.heldout ? a.heldout : std::min(a.heldout, std::max<int64_t>(1, all / 4));
  options.heldout.assign(rows.end() - held, rows.end());
  rows.resize(static_cast<size_t>(std::min(a.rows, all - held)));
  Transformer model = load_base(a, spec, device);
  const Linearization found = linearize_adapter(model, options, output.aside());
  output.put_into_place();
  for (const auto& m : found.modules) {
    std::printf("%-48s rank %-4ld error %.3g, held back %.3g\n", m.path.c_str(), static_cast<long>(m.rank), m.calibration_error,
                m.heldout_error);
  }
  std::printf("held-back loss: base %.5f, hyperbolic %.5f, linear %.5f (%ld rows; fitted on %ld)\n", found.base_loss,
              found.hyperbolic_loss, found.linear_loss, static_cast<long>(found.heldout_rows),
              static_cast<long>(found.calibration_rows));
  return 0;
}

int report(const Arguments& a) {
  const at::Device device = apps::apply_common_options(a.common);
  const ModelSpec spec = read_model_spec(a.model);
  const std::vector<Example> rows = examples(a, spec, a.rows);
  require_writable_folder(a.output);
  Transformer model = load_base(a, spec, device);
  const Json found = geometry_report(model, a.adapter, rows);
  const fs::path folder(a.output);
  write_file(folder / "adapter.csv", geometry_csv(found));
  write_file(folder / "adapter.svg", geometry_svg(found));
  write_file(folder / "summary.json", found.dump(2) + "\n");
  std::puts(found["summary"].dump(2).c_str());
  return 0;
}

void add_output(CLI::App* sub, Arguments& a) {
  sub->add_option("--output", a.output, "folder to write")->required();
  sub->add_flag("--force", a.force, "replace a folder that is not empty");
}

void add_model_and_adapter(CLI::App* sub, Arguments& a) {
  sub->add_option("--model", a.model, "checkpoint folder")->required();
  sub->add_option("--adapter", a.adapter, "adapter folder")->required();
}

void add_rows(CLI::App* sub, Arguments& a) {
  sub->add_option("--data", a.data, "rows, as for training")->required();
  sub->add_option("--rows", a.rows, "the first N rows of the file")->check(CLI::PositiveNumber)->capture_default_str();
  sub->add_option("--template", a.prompt_template, "prompt template: alpaca, llama3, qwen, gemma, none or a JSON file")
      ->capture_default_str();
  sub->add_option("--cutoff-len", a.cutoff_len, "token limit of a row")->check(CLI::PositiveNumber)->capture_default_str();
}

void add_dtype(CLI::App* sub, Arguments& a, const char* help) {
  sub->add_option("--dtype", a.dtype, help)->check(CLI::IsMember({"float32", "bfloat16", "float16"}));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Inspects, merges, converts, linearizes and measures adapters.");
  Arguments a;
  app.require_subcommand(1);
  apps::add_common_options(app, a.common);
  std::function<int(const Arguments&)> chosen;
  const auto command = [&](const char* name, const char* help, int (*run)(const Arguments&)) {
    CLI::App* sub = app.add_subcommand(name, help);
    sub->fallthrough();  // the common options may follow the subcommand
    sub->callback([&chosen, run] { chosen = run; });
    return sub;
  };

  CLI::App* sub = command("inspect", "what an adapter folder holds and where it can be loaded", inspect);
  sub->add_option("adapter", a.adapter, "adapter folder")->required();
  sub->add_option("--model", a.model, "checkpoint folder: does the adapter fit it?");
  sub->add_flag("--json", a.json, "as JSON");

  sub = command("merge", "a checkpoint with the adapter (LoRA, DoRA) summed into its weights", merge);
  add_model_and_adapter(sub, a);
  add_dtype(sub, a, "float32, bfloat16 or float16 (default: as each tensor is stored)");
  add_output(sub, a);

  sub = command("convert", "the same adapter in another layout", convert);
  sub->add_option("--adapter", a.adapter, "adapter folder")->required();
  sub->add_option("--to", a.layout, "hyplora, release (the paper's) or peft")
      ->required()
      ->check(CLI::IsMember(adapter_layouts()));
  add_output(sub, a);

  sub = command("linearize", "the LoRA that comes nearest to a hyperbolic adapter on calibration rows", linearize);
  add_model_and_adapter(sub, a);
  add_rows(sub, a);
  sub->add_flag("--responses-only", a.responses_only, "losses leave the prompt out (default: all tokens count)");
  sub->add_option("--heldout", a.heldout, "the next M rows, to measure the error on")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--rank", a.rank, "rank of the LoRA (default: the adapter's)")->check(CLI::PositiveNumber);
  add_dtype(sub, a, "type to run the base in (default: float32 on the CPU, bfloat16 on CUDA)");
  add_output(sub, a);

  sub = command("report", "how hyperbolic a trained adapter is, module by module: CSV, SVG, summary.json", report);
  add_model_and_adapter(sub, a);
  add_rows(sub, a);
  add_dtype(sub, a, "type to run the base in (default: float32 on the CPU, bfloat16 on CUDA)");
  sub->add_option("--output", a.output, "folder to write")->required();

  return apps::run_program(app, argc, argv, [&] { return chosen(a); });
}
