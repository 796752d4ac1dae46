// Which file a mapped address belongs to: a file that is shortened while a program has it mapped ends the program by SIGBUS, and
// the program's handler is to name it.
#pragma once

#include <cstddef>
#include <string>

namespace hyplora {

/// Told by MappedFile of each map that comes and goes.
void note_map(const void* begin, size_t size, const std::string& path);
void forget_map(const void* begin);

/// The path of the file that is mapped there, or null. Safe in a signal handler.
const char* mapped_path_at(const void* address);

}  // namespace hyplora
