// A program's run with what it took: CPU seconds and the most memory that it held.
#pragma once

#include "support/support.h"

namespace hyplora::test {

struct Measured {
  Ran ran;
  double cpu_seconds = 0;
  int64_t peak_memory_bytes = 0;  // resident; not below what this process holds, from which it comes
};

/// Runs it in `folder`, and ends it (status 128 + SIGALRM) when it does not end within a minute.
Measured run_measured(const fs::path& folder, const std::string& program, const std::vector<std::string>& arguments);

}  // namespace hyplora::test
