// Descriptors 0, 1 and 2: whatever a program is started with, they are there, and results that could not be printed are noticed.
#pragma once

#include <string>

namespace hyplora::apps {

/// Closed ones get /dev/null, so that no file that is opened later takes their numbers, and with them what is printed. Call first.
void open_standard_streams();

/// Text that comes from files or from a model, as it may go to standard output: on a terminal without what that would obey.
std::string for_output(const std::string& text);

/// Whether all that was printed on standard output has arrived.
bool all_is_printed();

}  // namespace hyplora::apps
