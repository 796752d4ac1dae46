#include "support/pretend_memory.h"

#include <array>

namespace hyplora::test {

Arena& arena(c10::DeviceIndex device) {
  static auto* all = new std::array<Arena, device_count>;  // for ever: tensors of other statics may be freed later
  return all->at(static_cast<size_t>(device));
}

std::atomic<int>& Operation::under_way() {
  static std::atomic<int> number = 0;
  return number;
}

}  // namespace hyplora::test
