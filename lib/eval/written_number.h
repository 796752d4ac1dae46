// Numbers as people write them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hyplora {

struct WrittenNumber {
  size_t begin, end;
  double value;  // may be infinite or NaN: 1/0, 1e999
};

/// All of a text that plain_numbers made: with signs, currencies, thousands (1,000 1 000 1'000 1,00,000), decimals, fractions a/b
/// and \frac{a}{b}, mixed numbers (1 1/2, 1\frac{1}{2}), powers of ten (1.5e3, 1.5 * 10^3). Exponents and indices are none.
std::vector<WrittenNumber> written_numbers(const std::string& plain);

}  // namespace hyplora
