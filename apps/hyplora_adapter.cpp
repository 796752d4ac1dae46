// hyplora-adapter: what an adapter holds, its merge into the base, its other layouts, its linear approximation, its geometry.
#include <algorithm>
#include <cstdio>

#include "adapter/convert.h"
#include "adapter/inspect.h"
#include "adapter/merge.h"
#include "analysis/geometry_report.h"
#include "analysis/linearize.h"
#include "core/error.h"
#include "core/printable.h"
#include "data/prompt_record.h"
#include "io/apart.h"
#include "io/output_folder.h"
#include "model/load.h"
#include "program.h"
#include "standard_streams.h"

using namespace hyplora;

namespace {

struct Arguments {
  std::string model, adapter, output, layout, data;
  std::optional<std::string> prompt_template, dtype;
  std::optional<int64_t> rank;
  int64_t rows = 64, heldout = 16, cutoff_len = 256;
  bool json = false, force = false, responses_only = false;
};

int inspect(const apps::Program& program, const Arguments& a) {
  program.device();
  const Json facts = inspect_adapter(a.adapter, a.model);
  std::fputs((a.json ? apps::for_output(json_text(facts, 2) + "\n") : inspection_text(facts)).c_str(), stdout);
  return 0;
}

int merge(const apps::Program& program, const Arguments& a) {
  const at::Device device = program.device();
  std::optional<at::ScalarType> dtype;
  if (a.dtype) dtype = dtype_named(*a.dtype, device);
  OutputFolder output(a.output, a.force, {a.model, a.adapter});
  const Merge merge(a.model, a.adapter, dtype, device);
  std::printf("largest logit difference %.6g on %ld tokens (largest logit %.6g)\n", merge.probe().largest_difference,
              static_cast<long>(merge.probe().tokens), merge.probe().largest_logit);
  std::fflush(stdout);
  merge.write(output.aside());
  carry_prompt_record(a.adapter, output.aside());
  output.put_into_place();
  std::printf("%s: %zu weights merged\n", printable(a.output).c_str(), merge.modules());
  return 0;
}

int convert(const apps::Program& program, const Arguments& a) {
  program.device();
  OutputFolder output(a.output, a.force, {a.adapter});
  convert_adapter(a.adapter, a.layout, output.aside());
  carry_prompt_record(a.adapter, output.aside());
  output.put_into_place();
  std::printf("%s: written in layout %s\n", printable(a.output).c_str(), a.layout.c_str());
  return 0;
}

/// The base without adapters, and rows as the training makes them.
Transformer load_base(const Arguments& a, const ModelSpec& spec, at::Device device) {
  return load_model(a.model, spec, {dtype_named(a.dtype.value_or("auto"), device), device, false});
}

std::vector<Example> examples(const Arguments& a, const ModelSpec& spec, int64_t most) {
  std::vector<Row> rows = read_rows({a.data});
  if (static_cast<int64_t>(rows.size()) > most) rows.resize(static_cast<size_t>(most));
  const bool tokenised = std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.tokenised(); });
  const auto tokenizer = tokenised ? nullptr : load_tokenizer(a.model);
  const PromptTemplate form = find_prompt_template(choose_template(a.prompt_template, {a.adapter}, a.model, "alpaca"), a.model);
  if (tokenizer) require_template_tokens(form, *tokenizer);
  const ExampleOptions options{form, a.cutoff_len, "truncate", !a.responses_only};
  return make_examples(rows, tokenizer.get(), options, spec.vocab_size).examples;
}

int linearize(const apps::Program& program, const Arguments& a) {
  const at::Device device = program.device();
  OutputFolder output(a.output, a.force, {a.model, a.adapter, a.data, a.prompt_template.value_or("")});
  const ModelSpec spec = read_model_spec(a.model);
  LinearizeOptions options{a.model, a.adapter, examples(a, spec, a.rows + a.heldout), {}, a.rank};
  std::vector<Example>& rows = options.calibration;
  if (rows.size() < 2)
    throw InputError("{}: holds one row; some are needed for the fit and some to measure its error.", a.data);
  const auto all = static_cast<int64_t>(rows.size());
  const int64_t held = all == a.rows + a.heldout ? a.heldout : std::min(a.heldout, std::max<int64_t>(1, all / 4));
  options.heldout.assign(rows.end() - held, rows.end());
  rows.resize(static_cast<size_t>(std::min(a.rows, all - held)));
  Transformer model = load_base(a, spec, device);
  const Linearization found = linearize_adapter(model, options, output.aside());
  carry_prompt_record(a.adapter, output.aside());
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

int report(const apps::Program& program, const Arguments& a) {
  const at::Device device = program.device();
  const ModelSpec spec = read_model_spec(a.model);
  const std::vector<Example> rows = examples(a, spec, a.rows);
  const fs::path folder(a.output);
  require_apart({folder / "adapter.csv", folder / "adapter.svg", folder / "summary.json"},
                {a.data, a.prompt_template.value_or(""), a.model, a.adapter});
  const WritableFolder writable(folder);
  Transformer model = load_base(a, spec, device);
  const Json found = geometry_report(model, a.adapter, rows);
  write_file(folder / "adapter.csv", geometry_csv(found));
  write_file(folder / "adapter.svg", geometry_svg(found));
  write_file(folder / "summary.json", json_text(found, 2) + "\n");
  apps::print(found["summary"]);
  return 0;
}

Fields adapter_field(Arguments& a) {
  return Fields().require("adapter", a.adapter, "adapter folder").positional().names_files();
}

Fields model_and_adapter(Arguments& a) {
  return Fields().require("model", a.model, "checkpoint folder").names_files().append(adapter_field(a));
}

Fields rows_fields(Arguments& a) {
  Fields fields;
  fields.require("data", a.data, "rows, as for training")
      .names_files()
      .add("rows", a.rows, "the first N rows of the file", between(1, 1e9))
      .add("template", a.prompt_template,
           "prompt template: a built-in one or a JSON file (without it: what the adapter learnt, else alpaca)",
           prompt_template_rule())
      .names_files()
      .add("cutoff_len", a.cutoff_len, "token limit of a row", between(1, 1e9));
  return fields;
}

Fields dtype_field(Arguments& a, const char* help) { return Fields().add("dtype", a.dtype, help, one_of(dtype_names())); }

Fields output_fields(Arguments& a) {
  Fields fields;
  fields.require("output", a.output, "folder to write")
      .names_files()
      .changes_nothing()
      .add("force", a.force, "replace a folder that is not empty")
      .changes_nothing();
  return fields;
}

constexpr const char* run_type = "type to run the base in (default: float32 on the CPU, bfloat16 on CUDA)";

Fields inspect_fields(Arguments& a) {
  Fields fields = adapter_field(a);
  fields.add("model", a.model, "checkpoint folder: does the adapter fit it?").names_files().add("json", a.json, "as JSON");
  return fields;
}

Fields merge_fields(Arguments& a) {
  return model_and_adapter(a)
      .append(dtype_field(a, "type to write (default: as each tensor is stored)"))
      .append(output_fields(a));
}

Fields convert_fields(Arguments& a) {
  Fields fields = adapter_field(a);
  fields.require("to", a.layout, "ours, the published release's, or PEFT's", one_of(adapter_layouts()));
  return fields.append(output_fields(a));
}

Fields linearize_fields(Arguments& a) {
  Fields fields = model_and_adapter(a).append(rows_fields(a));
  fields.add("responses_only", a.responses_only, "losses leave the prompt out (default: all tokens count)")
      .add("heldout", a.heldout, "the next M rows, to measure the error on", between(1, 1e9))
      .add("rank", a.rank, "rank of the LoRA (default: the adapter's)", between(1, 1 << 20));
  return fields.append(dtype_field(a, run_type)).append(output_fields(a));
}

Fields report_fields(Arguments& a) {
  Fields fields = model_and_adapter(a).append(rows_fields(a)).append(dtype_field(a, run_type));
  fields.require("output", a.output, "folder to write").names_files().changes_nothing();
  return fields;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  apps::Program program("Inspects, merges, converts, linearizes and measures adapters.");
  const auto command = [&](const char* name, const char* about, apps::Program::Options options,
                           int (*run)(const apps::Program&, const Arguments&)) {
    program.command(name, about, std::move(options), [&program, &a, run] { return run(program, a); });
  };
  command("inspect", "what an adapter folder holds and where it can be loaded", {inspect_fields(a)}, inspect);
  command("merge", "a checkpoint with the adapter (LoRA, DoRA) summed into its weights", {merge_fields(a)}, merge);
  command("convert", "the same adapter in another layout", {convert_fields(a)}, convert);
  command("linearize", "the LoRA that comes nearest to a hyperbolic adapter on calibration rows", {linearize_fields(a)},
          linearize);
  command("report", "how hyperbolic a trained adapter is, module by module: CSV, SVG, summary.json", {report_fields(a)},
          report);
  return program.run(argc, argv);
}
