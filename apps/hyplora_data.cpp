// hyplora-data: raw files of data sets into rows to train on, checked, without duplicates and without questions of test sets.
#include <cstdio>

#include "core/error.h"
#include "core/log.h"
#include "data/prepare.h"
#include "data/row_schemas.h"
#include "io/apart.h"
#include "program.h"

using namespace hyplora;

namespace {

struct Arguments {
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
  if (arguments.report.empty()) {
    apps::print(report);
  } else {
    write_file(arguments.report, json_text(report, 2) + "\n");
  }
}

int run(const apps::Program& program, const Arguments& arguments) {
  program.device();
  const fs::path output = arguments.output;
  if (!output.empty() && output.extension() != ".json" && output.extension() != ".jsonl") {
    throw InputError("--output {}: expected a name that ends in .json or .jsonl.", arguments.output);
  }
  std::vector<fs::path> read(arguments.files.begin(), arguments.files.end());
  read.insert(read.end(), arguments.exclude.begin(), arguments.exclude.end());
  read.emplace_back(program.config_file());
  require_apart({output, arguments.report}, read);
  const PreparedRows made = prepare_rows(arguments.files, arguments.exclude, arguments.prepare);
  tell(arguments, made.report);
  if (made.rows.empty()) throw InputError("no row is left; the report says why.");
  if (!output.empty()) write_file(output, rows_text(made.rows, output.extension() == ".jsonl"));
  return 0;
}

Fields fields_of(Arguments& a) {
  std::vector<std::string> schemas = row_schema_names();
  schemas.insert(schemas.begin(), "auto");
  ContaminationOptions& c = a.prepare.contamination;
  Fields fields;
  fields.require("files", a.files, "JSON, JSONL, CSV or TSV files, or folders of them")
      .positional()
      .names_files()
      .add("output", a.output, "file to write the rows to, .json or .jsonl; without it they are only checked")
      .names_files()
      .changes_nothing()
      .add("report", a.report, "file for the report (else stdout)")
      .names_files()
      .changes_nothing()
      .add("format", a.prepare.schema, "schema of the rows", one_of(schemas))
      .add("exclude", a.exclude, "test sets, files or folders: rows that hold their questions are left out")
      .names_files()
      .add("ngram", c.ngram, "words that a row may not share with a test question (0: only equal questions count)",
           between(0, 1000))
      .add("overlap", c.overlap, "share of a test question's n-grams that makes a row a hit (0: a single n-gram)",
           between(0, 1))
      .add("common", c.common, "n-grams in more different questions than this do not count", between(1, 1e9))
      .add("examples", a.prepare.examples, "in the report, for each reason", between(0, 1e6))
      .changes_nothing()
      .add("strict", a.prepare.strict, "the first row that cannot be used is an error");
  return fields;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  apps::Program program(
      "Makes rows to train on out of raw data files: checks them, drops duplicates and questions of test sets, and reports.");
  program.options({fields_of(arguments)});
  return program.run(argc, argv, [&] { return run(program, arguments); });
}
