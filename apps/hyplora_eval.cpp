// hyplora-eval: scores a checkpoint, with or without adapters, on the rows of benchmark files, or measures its loss on them; judges
// completions made elsewhere.
#include <cstdio>

#include "core/error.h"
#include "core/log.h"
#include "dist/launch.h"
#include "eval/score.h"
#include "eval_output.h"
#include "program.h"
#include "signals.h"
#include "standard_streams.h"

using namespace hyplora;

namespace {

int run(apps::Program& program, const EvalOptions& options) {
  const LaunchInfo launch = launch_info();
  if (launch.rank > 0) program.mute();  // one of them tells
  const at::Device device = program.device(launch.local_rank);
  if (!options.compare.empty()) {
    apps::print_comparisons(options.compare[0], options.compare[1], options.evaluate.decode.seed);
    return 0;
  }
  if (!options.score.empty()) {
    for (const Json& verdict : scored_lines(options.score)) std::puts(apps::for_output(json_text(verdict)).c_str());
    return 0;
  }
  const auto group = join_group(launch);  // nothing is lost if a signal ends the waiting for the others
  apps::catch_stop_signals();
  apps::EvalProgress progress(program.quiet(), options.evaluate.decode.batch_size);
  EvalOutcome outcome;
  try {
    outcome = run_evaluation(options, {device, progress, apps::stop_requested, group});
  } catch (const apps::StoppedEarly&) {
    log::warn("stopped before the first row; run the same command again");
    return apps::stopped;
  }
  if (outcome.interrupted && options.output.empty()) throw RunError("stopped by a signal; without --output nothing was kept.");
  if (outcome.interrupted) {
    log::warn("stopped; the same command with --resume goes on where it was");
    return apps::stopped;
  }
  apps::print_table(outcome.results);
  if (options.disagreements) apps::print_disagreements(outcome);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  EvalOptions options;
  apps::Program program("Scores a checkpoint (and adapters) on benchmark files, or measures its loss on rows.");
  program.options({eval_fields(options)});
  return program.run(argc, argv, [&] { return run(program, options); });
}
