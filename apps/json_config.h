// --config FILE: a JSON object whose keys are the long options' names with "_" for "-". The command line wins.
#pragma once

#include <CLI/CLI.hpp>

namespace hyplora::apps {

/// Adds --config to the program. InputError when the file is parsed: an unknown key (with the nearest known one), a value of
/// the wrong type.
void add_json_config(CLI::App& app);

}  // namespace hyplora::apps
