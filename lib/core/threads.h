// Threads, asked for before LibTorch does: its pools wait for ever for a thread that may not be made.
#pragma once

#include <cstdint>

namespace hyplora {

/// RunError: so many threads cannot be had at a time (a limit on processes, memory). Warns where there are fewer cores.
void require_threads(int64_t count);

}  // namespace hyplora
