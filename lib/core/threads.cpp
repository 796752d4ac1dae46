#include "core/threads.h"

#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/log.h"

namespace hyplora {

void require_threads(int64_t count) {
  const auto cores = static_cast<int64_t>(std::thread::hardware_concurrency());
  if (cores > 0 && count > cores) log::warn("{} threads on {} cores: they will wait for each other", count, cores);
  std::latch all_are_there(1);
  std::vector<std::thread> made;
  bool refused = false;
  try {
    for (int64_t i = 1; i < count; ++i) made.emplace_back([&] { all_are_there.wait(); });
  } catch (const std::system_error&) {
    refused = true;
  }
  all_are_there.count_down();
  const size_t had = made.size() + 1;
  for (auto& thread : made) thread.join();
  if (refused)
    throw RunError("threads: only {} of {} can be made here (a limit on processes or memory); give a smaller --threads.", had,
                   count);
}

}  // namespace hyplora
