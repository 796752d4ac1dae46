#include "common.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>

#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "manual.h"

namespace hyplora::apps {
namespace {

constexpr int failed = 1, bad_input = 2;

std::atomic<bool> stop_flag{false};

void on_stop_signal(int signal) {
  stop_flag = true;
  if (signal == SIGINT) std::signal(SIGINT, SIG_DFL);  // a second one kills
}

int report(const std::string& sentence, int code) {
  std::fprintf(stderr, "error: %s\n", sentence.c_str());
  return code;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

CLI::Validator at_least(int64_t least) {
  const auto message = [least](const std::string& text) {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (end != text.c_str() && *end == '\0' && number < static_cast<double>(least))
      return fmt::format("found {}, expected at least {}", text, least);
    return std::string();
  };
  return CLI::Validator(message, fmt::format("AT LEAST {}", least));
}

void add_common_options(CLI::App& app, CommonOptions& o) {
  app.set_version_flag("--version", std::string("hyplora ") + HYPLORA_VERSION);
  app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--threads", o.threads, "CPU threads (0: all cores)")->check(CLI::Range(0, 4096))->capture_default_str();
  app.add_option("--log-level", o.log_level, "trace, debug, info, warn, error or off")->capture_default_str();
  app.add_flag("--quiet", o.quiet, "only errors and results");
}

void add_decode_options(CLI::App& app, DecodeOptions& o) {
  app.add_option("--max-new-tokens", o.max_new_tokens, "a completion's length at most")
      ->check(at_least(1))
      ->capture_default_str();
  app.add_option("--batch-size", o.batch_size, "prompts in the model at a time")->check(at_least(1))->capture_default_str();
  app.add_option("--beams", o.beams, "beam search with so many beams (1: greedy)")->check(at_least(1))->capture_default_str();
  app.add_option("--length-penalty", o.length_penalty, "beams: scores are divided by tokens^P")->capture_default_str();
  app.add_flag("--early-stopping", o.early_stopping, "beams: stop as soon as all beams have ended");
  app.add_option("--temperature", o.temperature, "0: the most likely; else sampling")->capture_default_str();
  app.add_option("--top-k", o.top_k, "sampling: among the K most likely (0: all)")->capture_default_str();
  app.add_option("--top-p", o.top_p, "sampling: among the fewest whose probabilities reach P")->capture_default_str();
  app.add_option("--repetition-penalty", o.repetition_penalty, "divides the logits of tokens that were there already")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "of sampling")->capture_default_str();
}

void add_stop_option(CLI::App& app, std::vector<std::string>& stops) {
  app.add_option("--stop", stops, "a completion ends before this text; may be given several times (beams: their text is cut)")
      ->expected(1)
      ->take_all();
}

c10::Device apply_common_options(const CommonOptions& o, int local_rank) {
  log::set_level(o.quiet ? "error" : o.log_level);
  if (o.threads > 0) at::set_num_threads(o.threads);
  return choose_device(o.device, local_rank);
}

int run_program(CLI::App& app, int argc, char** argv, const std::function<int()>& body) {
  add_manual_options(app);
  try {
    app.parse(argc, argv);
    return body();
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return report(first_line(error.what()) + ". See --help.", bad_input);
  } catch (const Error& error) {
    return report(error.what(), error.exit_code());
  } catch (const c10::OutOfMemoryError& error) {
    return report("out of memory: " + first_line(error.what_without_backtrace()), failed);
  } catch (const c10::Error& error) {
    return report(first_line(error.what_without_backtrace()), failed);
  } catch (const std::bad_alloc&) {
    return report("out of memory.", failed);
  } catch (const std::exception& error) {
    return report(first_line(error.what()), failed);
  }
}

void catch_stop_signals() {
  for (const int signal : {SIGTERM, SIGUSR1, SIGINT}) std::signal(signal, on_stop_signal);
  // A terminal that is closed or a pipe that nobody reads must not end a long run, and a file that may not grow is a sentence.
  if (std::signal(SIGHUP, on_stop_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

bool stop_requested() { return stop_flag; }

InterruptHeard::InterruptHeard() { std::signal(SIGINT, on_stop_signal); }

InterruptHeard::~InterruptHeard() {
  std::signal(SIGINT, SIG_DFL);
  stop_flag = false;
}

StatusLine::StatusLine(bool enabled) : live_(enabled && ::isatty(STDERR_FILENO) == 1) {}

void StatusLine::show(const std::string& text) {
  if (!live_) return;
  const size_t padding = shown_ > text.size() ? shown_ - text.size() : 0;
  std::fprintf(stderr, "\r%s%s", text.c_str(), std::string(padding, ' ').c_str());
  std::fflush(stderr);
  shown_ = text.size();
}

void StatusLine::clear() {
  if (shown_ == 0) return;
  std::fprintf(stderr, "\r%s\r", std::string(shown_, ' ').c_str());
  std::fflush(stderr);
  shown_ = 0;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace hyplora::apps
