#include "data/padding.h"

#include <algorithm>

#include "core/error.h"

namespace hyplora {

std::pair<int64_t, int64_t> unpadded(const int64_t* mask, int64_t length, const std::string& where) {
  const auto* end = mask + length;
  const auto* odd = std::find_if(mask, end, [](int64_t m) { return m != 0 && m != 1; });
  if (odd != end) throw InputError("{}: attention_mask: found {}, expected 0 or 1.", where, *odd);
  const auto* first = std::find(mask, end, 1);
  const auto* last = std::find(first, end, 0);
  if (first == last) throw InputError("{}: its attention_mask is 0 everywhere.", where);
  if (std::find(last, end, 1) != end) {
    throw InputError("{}: its attention_mask has a gap; expected ones side by side.", where);
  }
  return {first - mask, last - mask};
}

}  // namespace hyplora
