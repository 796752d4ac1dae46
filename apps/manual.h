// A program's man page and shell completions, written from the same list of options that its command line and --help come from.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace hyplora::apps {

/// --help-man and --completion bash|zsh|fish: print and end. Not shown in --help; the build calls them.
void add_manual_options(CLI::App& app);

/// roff for section 1, subcommands included.
std::string man_page(const CLI::App& app, const std::string& name);

/// A script for `shell` (bash, zsh or fish) that completes options, the values of options with a fixed choice, subcommands and
/// files.
std::string completion(const CLI::App& app, const std::string& name, const std::string& shell);

}  // namespace hyplora::apps
