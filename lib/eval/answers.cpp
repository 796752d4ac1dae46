#include "eval/answers.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace hyplora {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<double> last_number(const std::string& text) {
  std::string plain = text;
  std::erase(plain, ',');
  std::optional<double> found;
  for (size_t i = 0; i < plain.size();) {
    const size_t digits = plain[i] == '-' ? i + 1 : i;
    if (digits >= plain.size() || !is_digit(plain[digits])) {
      ++i;
      continue;
    }
    size_t end = digits;
    while (end < plain.size() && is_digit(plain[end])) ++end;
    if (end < plain.size() && plain[end] == '.') ++end;
    while (end < plain.size() && is_digit(plain[end])) ++end;
    found = std::strtod(plain.substr(i, end - i).c_str(), nullptr);
    i = end;
  }
  return found;
}

bool same_number(double label, double prediction) { return std::fabs(label - prediction) <= 1e-3; }

}  // namespace hyplora
