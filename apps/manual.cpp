#include "manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "core/error.h"
#include "text/unicode.h"

namespace hyplora::apps {
namespace {

/// An option as manuals speak of it.
struct Entry {
  std::vector<std::string> shorts, longs;  // without dashes; none: a positional
  std::string name, value, help, standard;
  std::vector<std::string> choices;
  bool takes_value = false;
};

/// "TEXT:{auto,csqa}" -> auto, csqa.
std::vector<std::string> choices_in(const std::string& type) {
  const size_t open = type.find('{'), close = type.find('}');
  if (open == type.npos || close == type.npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

std::vector<Entry> entries_of(const CLI::App& app) {
  std::vector<Entry> entries;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    const std::string type = option->get_type_name();
    Entry entry{
        option->get_snames(),      option->get_lnames(),      option->get_name(true), type.substr(0, type.find(':')),
        option->get_description(), option->get_default_str(), choices_in(type),       option->get_items_expected_max() > 0};
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  std::vector<const CLI::App*> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* c) { return !c->get_group().empty(); })) {
    commands.push_back(command);
  }
  return commands;
}

std::vector<std::string> dashed(const Entry& entry) {
  std::vector<std::string> names;
  for (const auto& name : entry.shorts) names.push_back("-" + name);
  for (const auto& name : entry.longs) names.push_back("--" + name);
  return names;
}

/// A command's own options and then those of its program, which it takes too.
std::vector<Entry> entries_taken_by(const CLI::App& app) {
  std::vector<Entry> entries = entries_of(app);
  if (app.get_parent() == nullptr) return entries;
  for (Entry& entry : entries_of(*app.get_parent())) {
    const auto same = [&](const Entry& own) { return dashed(own) == dashed(entry); };
    if (std::none_of(entries.begin(), entries.end(), same)) entries.push_back(std::move(entry));
  }
  return entries;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t place = text.find(from); place != text.npos; place = text.find(from, place + to.size()))
    text.replace(place, from.size(), to);
}

/// Text that roff prints as it stands.
std::string roff(const std::string& text) {
  std::string out;
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    if (c.code == '\\') {
      out += "\\e";
    } else if (c.code == '-') {
      out += "\\-";
    } else if (c.code >= 0x80) {
      out += fmt::format("\\[u{:04X}]", c.code);
    } else {
      out += static_cast<char>(c.code);
    }
    place += c.bytes;
    if (c.code == '\n' && place < text.size() && (text[place] == '.' || text[place] == '\'')) out += "\\&";
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string roff_options(const CLI::App& app) {
  std::string out;
  for (const Entry& entry : entries_of(app)) {
    std::vector<std::string> names;
    for (const auto& name : dashed(entry)) names.push_back("\\fB" + roff(name) + "\\fR");
    if (names.empty()) names.push_back("\\fI" + roff(entry.name) + "\\fR");
    out += fmt::format(".TP\n{}", fmt::join(names, ", "));
    if (entry.takes_value && !dashed(entry).empty()) out += " \\fI" + roff(entry.value) + "\\fR";
    out += "\n" + roff(entry.help.empty() ? entry.name : entry.help);
    if (!entry.choices.empty()) out += roff(fmt::format(" (one of {})", fmt::join(entry.choices, ", ")));
    if (!entry.standard.empty()) out += roff(fmt::format(" [{}]", entry.standard));
    out += "\n";
  }
  return out;
}

/// What `compgen` offers as the value of an option: its choices, or files.
std::string bash_values(const CLI::App& app) {
  std::string out;
  std::vector<std::string> free;
  for (const Entry& entry : entries_of(app)) {
    if (!entry.takes_value) continue;
    const auto names = dashed(entry);
    if (entry.choices.empty()) {
      free.insert(free.end(), names.begin(), names.end());
    } else {
      out += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return ;;\n", fmt::join(names, "|"),
                         fmt::join(entry.choices, " "));
    }
  }
  if (free.empty()) return out;
  return out + fmt::format("    {}) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", fmt::join(free, "|"));
}

std::string bash_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const Entry& entry : entries_taken_by(app)) {
    for (const auto& name : dashed(entry)) words.push_back(name);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

std::string function_name(std::string name) {
  replace_all(name, "-", "_");
  return "_" + name;
}

std::string bash_completion(const CLI::App& app, const std::string& name) {
  std::string values = bash_values(app), commands, cases;
  for (const CLI::App* command : commands_of(app)) {
    values += bash_values(*command);
    commands += " " + command->get_name();
    cases += fmt::format("      {}) options=\"{}\"; commands= ;;\n", command->get_name(), bash_words(*command));
  }
  std::string out = fmt::format("# bash completion of {}\n{}() {{\n", name, function_name(name));
  out += "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n";
  out += fmt::format("  local options=\"{}\" commands=\"{}\"\n", bash_words(app), commands.empty() ? "" : commands.substr(1));
  out += "  case $prev in\n" + values + "  esac\n";
  if (!cases.empty()) {
    out += "  local word\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case $word in\n" + cases +
           "    esac\n  done\n";
  }
  out += "  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")); return; fi\n";
  out += "  COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\") $(compgen -f -- \"$cur\"))\n}\n";
  return out + fmt::format("complete -o filenames -F {} {}\n", function_name(name), name);
}

/// Inside single quotes of any of the shells.
std::string quoted(std::string text) {
  replace_all(text, "'", "'\\''");
  return text;
}

std::string zsh_specs(const CLI::App& app) {
  std::string out;
  for (const Entry& entry : entries_taken_by(app)) {
    std::string help = entry.help;
    for (const char* special : {"\\", "[", "]", ":"}) replace_all(help, special, std::string("\\") + special);
    const std::string action = entry.choices.empty() ? "_files" : fmt::format("({})", fmt::join(entry.choices, " "));
    const std::string value = entry.takes_value ? fmt::format(":{}:{}", entry.value, action) : "";
    for (const auto& name : dashed(entry)) out += fmt::format(" \\\n  '*{}[{}]{}'", name, quoted(help), quoted(value));
  }
  return out;
}

std::string zsh_completion(const CLI::App& app, const std::string& name) {
  const std::string out = fmt::format("#compdef {}\n", name);
  std::string cases, names;
  for (const CLI::App* command : commands_of(app)) {
    names += (names.empty() ? "" : " ") + command->get_name();
    cases += fmt::format("  {}) _arguments{} \\\n  '*:file:_files'; return ;;\n", command->get_name(), zsh_specs(*command));
  }
  if (names.empty()) return out + "_arguments" + zsh_specs(app) + " \\\n  '*:file:_files'\n";
  return out + "local word\nfor word in ${words[2,CURRENT-1]}; do\n  case $word in\n" + cases + "  esac\ndone\n" +
         fmt::format("_arguments{} \\\n  '1:command:({})'\n", zsh_specs(app), names);
}

/// -d 'TEXT' of fish.
std::string fish_description(std::string text) {
  replace_all(text, "\\", "\\\\");
  replace_all(text, "'", "\\'");
  return fmt::format(" -d '{}'", text);
}

std::string fish_lines(const CLI::App& app, const std::string& name, const std::string& condition) {
  std::string out;
  for (const Entry& entry : entries_of(app)) {
    if (dashed(entry).empty()) continue;
    out += fmt::format("complete -c {}{}", name, condition);
    for (const auto& letter : entry.shorts) out += " -s " + letter;
    for (const auto& word : entry.longs) out += " -l " + word;
    if (entry.takes_value) out += entry.choices.empty() ? " -r" : fmt::format(" -x -a '{}'", fmt::join(entry.choices, " "));
    out += fish_description(entry.help) + "\n";
  }
  return out;
}

std::string fish_completion(const CLI::App& app, const std::string& name) {
  std::string out = fish_lines(app, name, "");
  for (const CLI::App* command : commands_of(app)) {
    out += fmt::format("complete -c {} -n __fish_use_subcommand -f -a {}{}\n", name, command->get_name(),
                       fish_description(command->get_description()));
    out += fish_lines(*command, name, fmt::format(" -n '__fish_seen_subcommand_from {}'", command->get_name()));
  }
  return out;
}

std::string program_name(const CLI::App& app) { return std::filesystem::path(app.get_name()).filename(); }

[[noreturn]] void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  throw CLI::Success();
}

}  // namespace

std::string man_page(const CLI::App& app, const std::string& name) {
  std::string title = CLI::detail::to_lower(name);
  for (char& c : title) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  const std::string about = app.get_description();
  std::string out = fmt::format(".TH {} 1 \"\" \"hyplora {}\" \"User Commands\"\n", roff(title), HYPLORA_VERSION);
  out += fmt::format(".SH NAME\n{} \\- {}\n", roff(name), roff(about.substr(0, about.find_last_not_of(". \n") + 1)));
  out += fmt::format(".SH SYNOPSIS\n\\fB{}\\fR [\\fIoptions\\fR]", roff(name));
  if (!commands_of(app).empty()) out += " \\fIcommand\\fR ...";
  for (const Entry& entry : entries_of(app)) {
    if (dashed(entry).empty()) out += " \\fI" + roff(entry.name) + "\\fR ...";
  }
  out += fmt::format("\n.SH DESCRIPTION\n{}\n.SH OPTIONS\n{}", roff(about), roff_options(app));
  if (!commands_of(app).empty()) out += ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(app)) {
    out += fmt::format(".SS {}\n{}\n{}", roff(command->get_name()), roff(command->get_description()), roff_options(*command));
  }
  return out +
         ".SH \"EXIT STATUS\"\n.TP\n0\ndone\n.TP\n1\nthe run failed\n.TP\n2\nbad usage, config or input file\n"
         ".TP\n75\nstopped by a signal after saving; run the same command again to go on\n";
}

std::string completion(const CLI::App& app, const std::string& name, const std::string& shell) {
  if (shell == "bash") return bash_completion(app, name);
  if (shell == "zsh") return zsh_completion(app, name);
  if (shell == "fish") return fish_completion(app, name);
  throw InputError("--completion: found \"{}\", expected bash, zsh or fish.", shell);
}

void add_manual_options(CLI::App& app) {
  const char* hidden = "";
  app.add_flag_callback(
         "--help-man", [&app] { print(man_page(app, program_name(app))); }, "the man page")
      ->group(hidden);
  app.add_option_function<std::string>(
         "--completion", [&app](const std::string& shell) { print(completion(app, program_name(app), shell)); },
         "a shell's completion script")
      ->group(hidden);
}

}  // namespace hyplora::apps
