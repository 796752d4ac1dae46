// Outputs are no inputs: what a program writes must not be what it reads, nor twice the same.
#pragma once

#include "io/files.h"

namespace hyplora {

/// InputError: one of the files to be written is one of those read (the same file, whatever its name: links, "..", upper and lower
/// case where the file system does not tell them apart), or another of those written. A folder that is read stands for the files
/// in it, one level deep; empty paths count as none.
void require_apart(const std::vector<fs::path>& written, const std::vector<fs::path>& read);

/// InputError: one of them is a pipe or a device, which cannot be looked at twice.
void require_no_pipes(const std::vector<fs::path>& read);

/// Whether both name one file or folder; of what is not there yet, its place.
bool is_same(const fs::path& a, const fs::path& b);

}  // namespace hyplora
