// What every program is: options out of lists of fields (core/fields.h), given as flags, in a --config file or by --set; the options
// that all have; exit codes; the shape of an error on the terminal.
#pragma once

#include <c10/core/Device.h>

#include <CLI/CLI.hpp>
#include <deque>
#include <functional>
#include <string>

#include "core/fields.h"

namespace hyplora::apps {

/// Exit codes of the programs' contract, besides 0.
constexpr int failed = 1, bad_input = 2, stopped = 75;

struct CommonOptions {
  std::string device = "auto", log_level = "info";
  int64_t threads = 0;
  bool quiet = false;
};

/// Reads the sources into the options and returns the values as --print-config shows them.
using Reader = std::function<Json(const Sources& sources)>;

class Program {
 public:
  explicit Program(const std::string& about);

  /// The options of the program, or of its next commands. The fields' targets must outlive it.
  struct Options {
    Fields config;      // keys: flags, in --config and --set, in --print-schema and --print-config
    Fields flags = {};  // only flags
    Reader read = {};   // default: config.read
  };
  void options(Options options);
  void command(const std::string& name, const std::string& about, Options options, std::function<int()> body);

  /// Parses the command line, reads the options, runs `body` (or the chosen command's) and turns whatever goes wrong into one
  /// sentence on stderr and the exit code.
  int run(int argc, char** argv, const std::function<int()>& body = {});

  /// Applies log level and threads; returns the device, of several GPUs the one of the process' rank on its host. Call first in a
  /// program's body.
  c10::Device device(int local_rank = 0) const;
  bool quiet() const { return common_.quiet; }
  /// The --config that was read; empty where there was none.
  std::string config_file() const;
  /// Only errors are told from now on, and nothing is printed: of several processes one does.
  void mute();

 private:
  /// A flag on the command line, with the texts behind it.
  using Given = std::pair<std::string, std::vector<std::string>>;

  /// The program itself or one of its commands.
  struct Command {
    CLI::App* app;
    Options options;
    std::function<int()> body;
    std::vector<Given> given = {}, given_flags = {};
    std::string config_file = "";
    std::vector<std::string> assignments = {};
    bool print_schema = false, print_config = false;
  };

  void bind(Command& command);
  Json read(Command& command);
  int parse_and_execute(int argc, char** argv, const std::function<int()>& body);
  int execute(const std::function<int()>& body);

  CLI::App app_;
  CommonOptions common_;
  Fields common_fields_;
  std::vector<Given> given_common_;
  std::deque<Command> commands_;  // their addresses stay
};

/// On stdout, two spaces per level.
void print(const Json& json);

}  // namespace hyplora::apps
