// What every program shares: the common options, exit codes, and the shape of an error on the terminal.
#pragma once

#include <c10/core/Device.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "generate/decode.h"

namespace hyplora::apps {

struct CommonOptions {
  std::string device = "auto", log_level = "info";
  int threads = 0;
  bool quiet = false;
};

/// A check of a number on the command line.
CLI::Validator at_least(int64_t least);

void add_common_options(CLI::App& app, CommonOptions& options);

/// How completions are made: beams, sampling, lengths.
void add_decode_options(CLI::App& app, DecodeOptions& options);

/// --stop TEXT, which may come several times.
void add_stop_option(CLI::App& app, std::vector<std::string>& stops);

/// Applies log level and threads; returns the device, of several GPUs the one of the process' rank on its host. Call first in a
/// program's body.
c10::Device apply_common_options(const CommonOptions& options, int local_rank = 0);

/// Parses the command line, runs `body` and turns whatever goes wrong into one sentence on stderr and the contract's exit code.
int run_program(CLI::App& app, int argc, char** argv, const std::function<int()>& body);

/// From now on SIGTERM, SIGUSR1, SIGINT and SIGHUP set a flag instead of killing; a second SIGINT kills.
void catch_stop_signals();
bool stop_requested();

/// While it lives, a SIGINT makes stop_requested true instead of killing (a second one kills); then all is as before.
class InterruptHeard {
 public:
  InterruptHeard();
  ~InterruptHeard();
  InterruptHeard(const InterruptHeard&) = delete;
  InterruptHeard& operator=(const InterruptHeard&) = delete;
};

/// A line on stderr that is rewritten in place on a terminal and left out elsewhere.
class StatusLine {
 public:
  explicit StatusLine(bool enabled);
  ~StatusLine() { clear(); }
  bool live() const { return live_; }
  void show(const std::string& text);
  void clear();

 private:
  bool live_;
  size_t shown_ = 0;
};

/// 75 -> "1:15", 3700 -> "1:01:40".
std::string duration_text(double seconds);

}  // namespace hyplora::apps
