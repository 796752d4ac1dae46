#include "program.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <cstdio>

#include "core/device.h"
#include "core/error.h"
#include "core/log.h"
#include "core/printable.h"
#include "core/threads.h"
#include "io/files.h"
#include "manual.h"
#include "signals.h"
#include "standard_streams.h"

namespace hyplora::apps {
namespace {

int report(const std::string& sentence, int code) {
  std::fprintf(stderr, "error: %s\n", printable(sentence).c_str());
  return code;
}

std::string first_line(const std::string& text);

/// LibTorch's words on the CPU's memory are an assertion of its own around the ones that count.
std::string plain_words(const std::string& what) {
  const std::string line = first_line(what), cause = "can't allocate memory: ";
  const size_t place = line.find(cause);
  return place == line.npos ? line : "out of memory: " + line.substr(place + cause.size());
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Fields common_fields(CommonOptions& o) {
  return Fields()
      .add("device", o.device, "auto, cpu, cuda or cuda:N")
      .add("threads", o.threads, "CPU threads (0: all cores)", between(0, 4096))
      .add("log_level", o.log_level, "what is told on stderr", one_of(log::level_names()))
      .add("quiet", o.quiet, "only errors and results");
}

/// INT, FLOAT, TEXT or PATH, with the choices behind it where there are some: the form that manual.cpp reads.
std::string type_text(const Field& field) {
  std::string type = field.names_files                   ? "PATH"
                     : field.type.starts_with("integer") ? "INT"
                     : field.type.starts_with("number")  ? "FLOAT"
                     : field.type.starts_with("object")  ? "JSON"
                                                         : "TEXT";
  if (!field.rule.choices.empty()) type += fmt::format(":{{{}}}", fmt::join(field.rule.choices, ","));
  return type;
}

/// The default as help shows it; nothing where that says nothing.
std::string default_text(const Json& value) {
  if (value.is_null() || (value.is_structured() && value.empty())) return "";
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

/// Adds the field's flag; what is given goes to `given`, to be read when all is parsed.
void add_flag(CLI::App& app, const Field& field, std::vector<std::pair<std::string, std::vector<std::string>>>& given) {
  const std::string help = field.help + (field.required ? " (required)" : ""), name = field.name;
  if (field.is_switch()) {
    const std::string flag = flag_of(name), names = field.default_value == true ? flag + ",!--no-" + flag.substr(2) : flag;
    app.add_flag_function(
        names,
        [&given, name](int64_t count) {
          given.push_back({name, {count > 0 ? "true" : "false"}});
        },
        help);
    return;
  }
  const auto take = [&given, name](const CLI::results_t& texts) {
    given.push_back({name, texts});
    return true;
  };
  CLI::Option* option = app.add_option((field.positional ? name + "," : "") + flag_of(name), take, help);
  option->type_name(type_text(field))->default_str(default_text(field.default_value));
  if (field.positional) {
    option->expected(1, field.is_list() ? CLI::detail::expected_max_vector_size : 1)->allow_extra_args(field.is_list());
  } else {
    option->expected(static_cast<int>(field.texts));
    if (field.is_list() && field.texts == 1) option->take_all();
  }
}

}  // namespace

Program::Program(const std::string& about) : app_(about), common_fields_(common_fields(common_)) {
  app_.set_version_flag("--version", std::string("hyplora ") + HYPLORA_VERSION);
}

void Program::bind(Command& command) {
  CLI::App& app = *command.app;
  for (const Field& field : command.options.config.all()) add_flag(app, field, command.given);
  for (const Field& field : command.options.flags.all()) add_flag(app, field, command.given_flags);
  app.add_option("--config", command.config_file, "JSON file with the same names as these options, \"_\" for \"-\"; flags win")
      ->type_name("PATH");
  app.add_option("--set", command.assignments, "key=value: the same as the key's flag, the value as JSON or bare text")
      ->expected(1)
      ->take_all();
  app.add_flag("--print-config", command.print_config, "print the options as understood, as such a file, and exit");
  app.add_flag("--print-schema", command.print_schema, "print every key with type, default and meaning, and exit");
}

void Program::options(Options options) {
  commands_.push_back({&app_, std::move(options), {}});
  bind(commands_.back());
}

void Program::command(const std::string& name, const std::string& about, Options options, std::function<int()> body) {
  CLI::App* sub = app_.add_subcommand(name, about);
  sub->fallthrough();  // the common options may follow the subcommand
  commands_.push_back({sub, std::move(options), std::move(body)});
  bind(commands_.back());
}

/// The common options may stand in the config too.
std::string Program::config_file() const {
  for (const Command& command : commands_) {
    if (!command.config_file.empty()) return command.config_file;
  }
  return "";
}

Json Program::read(Command& command) {
  Sources sources{Json::object(), command.config_file, command.assignments, command.given};
  if (!command.config_file.empty()) sources.config = read_json(command.config_file);
  if (sources.config.is_object()) {
    for (const Field& field : common_fields_.all()) {
      if (!sources.config.contains(field.name)) continue;
      common_fields_.read_object({{field.name, sources.config[field.name]}}, command.config_file);
      sources.config.erase(field.name);
    }
  }
  for (const auto& [name, texts] : given_common_) common_fields_.read_flag(name, texts);
  for (const auto& [name, texts] : command.given_flags) command.options.flags.read_flag(name, texts);
  if (command.options.read) return command.options.read(sources);
  command.options.config.read(sources);
  return command.options.config.values();
}

int Program::execute(const std::function<int()>& body) {
  Command* chosen = nullptr;
  for (Command& command : commands_) {
    if (command.app == &app_ || command.app->parsed()) chosen = &command;
  }
  if (chosen->print_schema) {
    print(chosen->options.config.schema());
    return 0;
  }
  const Json values = read(*chosen);
  if (chosen->print_config) {
    print(values);
    return 0;
  }
  return chosen->body ? chosen->body() : body();
}

int Program::run(int argc, char** argv, const std::function<int()>& body) {
  open_standard_streams();
  name_shortened_files();
  const int code = parse_and_execute(argc, argv, body);
  const bool printed = all_is_printed();
  if (code != 0 || printed) return code;
  return report("standard output: cannot be written; the disk may be full, or its reader gone.", failed);
}

int Program::parse_and_execute(int argc, char** argv, const std::function<int()>& body) {
  if (commands_.front().app != &app_) app_.require_subcommand(1);
  for (const Field& field : common_fields_.all()) add_flag(app_, field, given_common_);
  add_manual_options(app_);
  try {
    app_.parse(argc, argv);
    return execute(body);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error);  // --help, --version
    return report(first_line(error.what()) + ". See --help.", bad_input);
  } catch (const Error& error) {
    return report(error.what(), error.exit_code());
  } catch (const c10::OutOfMemoryError& error) {
    return report("out of memory: " + first_line(error.what_without_backtrace()), failed);
  } catch (const c10::Error& error) {
    return report(plain_words(error.what_without_backtrace()), failed);
  } catch (const fs::filesystem_error& error) {  // paths in circles, names too long, folders that may not be looked into
    return report(error.path1().string() + ": " + error.code().message() + ".", bad_input);
  } catch (const std::bad_alloc&) {
    return report("out of memory.", failed);
  } catch (const std::exception& error) {
    return report(first_line(error.what()), failed);
  }
}

c10::Device Program::device(int local_rank) const {
  log::set_level(common_.quiet ? "error" : common_.log_level);
  require_threads(common_.threads > 0 ? common_.threads : at::get_num_threads());
  if (common_.threads > 0) at::set_num_threads(static_cast<int>(common_.threads));
  const c10::Device device = choose_device(common_.device, local_rank);
  use_device(device);
  return device;
}

void Program::mute() {
  common_.quiet = true;
  if (std::freopen("/dev/null", "w", stdout) == nullptr) throw RunError("/dev/null: cannot be opened.");
}

void print(const Json& json) { std::puts(for_output(json_text(json, 2)).c_str()); }

}  // namespace hyplora::apps
