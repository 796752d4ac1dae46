// Inputs that are no regular files: pipes, /dev/stdin, <(command). They can be read once, from beginning to end.
#pragma once

#include <functional>
#include <string>

#include "io/files.h"

namespace hyplora {

/// Called several times a second while a pipe lets its reader wait; may throw to end that. One for the whole program.
void set_pipe_poll(std::function<void()> poll);

/// All that comes out of an open descriptor until its other end is closed. InputError: it cannot be read, or does not end.
std::string read_to_end(int fd, const fs::path& path);

}  // namespace hyplora
