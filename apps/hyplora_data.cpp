// hyplora-data: raw files of data sets into rows to train on, checked, without duplicates and without questions of test sets.
#include <cstdio>

#include "common.h"
#include "core/error.h"
#include "core/log.h"
#include "data/prepare.h"
#include "data/row_schemas.h"

using namespace hyplora;

namespace {

struct Arguments {
  apps::CommonOptions common;
  std::vector<std::string> files, exclude;
  std::string output, report;
  PrepareOptions prepare;
};

/// Counts on stderr, the whole report on stdout or into its file.
void tell(const Arguments& arguments, const Json& report) {
  log::info("{} rows read, {} kept", report["rows"].get<size_t>(), report["kept"].get<size_t>());
  for (const auto& [reason, count] : report["removed"].items()) {
    if (count != 0) log::info("  {}: {}", reason, count.get<size_t>());
  }
  const std::string text = report.dump(2, ' ', false, Json::error_handler_t::replace);
  if (arguments.report.empty()) {
    std::puts(text.c_str());
  } else {
    write_file(arguments.report, text + "\n");
  }
}

int run(const Arguments& arguments) {
  apps::apply_common_options(arguments.common);
  const fs::path output = arguments.output;
  if (!output.empty() && output.extension() != ".json" && output.extension() != ".jsonl") {
    throw InputError("--output {}: expected a name that ends in .json or .jsonl.", arguments.output);
  }
  const PreparedRows made = prepare_rows(arguments.files, arguments.exclude, arguments.prepare);
  tell(arguments, made.report);
  if (made.rows.empty()) throw InputError("no row is left; the report says why.");
  if (!output.empty()) write_file(output, rows_text(made.rows, output.extension() == ".jsonl"));
  return 0;
}

void add_options(CLI::App& app, Arguments& a) {
  std::vector<std::string> schemas = row_schema_names();
  schemas.insert(schemas.begin(), "auto");
  ContaminationOptions& c = a.prepare.contamination;
  app.add_option("files", a.files, "JSON or JSONL files, or folders of them")->required();
  app.add_option("--output", a.output, "file to write the rows to, .json or .jsonl; without it they are only checked");
  app.add_option("--report", a.report, "file for the report (else stdout)");
  app.add_option("--format", a.prepare.schema, "schema of the rows")->check(CLI::IsMember(schemas))->capture_default_str();
  app.add_option("--exclude", a.exclude, "test sets, files or folders: rows that hold their questions are left out")
      ->allow_extra_args(false);
  app.add_option("--ngram", c.ngram, "words that a row may not share with a test question (0: only equal questions count)")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--overlap", c.overlap, "share of a test question's n-grams that makes a row a hit (0: a single n-gram)")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--common", c.common, "n-grams in more different questions than this do not count")
      ->check(CLI::Range(1, 1000000000))
      ->capture_default_str();
  app.add_option("--examples", a.prepare.examples, "in the report, for each reason")->capture_default_str();
  app.add_flag("--strict", a.prepare.strict, "the first row that cannot be used is an error");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Makes rows to train on out of raw data files: checks them, drops duplicates and questions of test sets, and reports.");
  Arguments arguments;
  add_options(app, arguments);
  apps::add_common_options(app, arguments.common);
  return apps::run_program(app, argc, argv, [&] { return run(arguments); });
}
