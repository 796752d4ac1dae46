// Python's arithmetic, also of texts and lists.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "text/jinja/builtins.h"

namespace hyplora::jinja {
namespace {

[[noreturn]] void too_large() { throw Fault{"an integer does not fit into 64 bits"}; }

template <class Operation>
int64_t checked(Operation operation, int64_t a, int64_t b) {
  int64_t made = 0;
  if (operation(a, b, &made)) too_large();
  return made;
}

[[noreturn]] void unsupported(const std::string& sign, const Value& a, const Value& b) {
  require_defined(a);
  require_defined(b);
  throw Fault{fmt::format("found {} {} {}, which Python does not compute", kind_name(a), sign, kind_name(b))};
}

/// Python's // and % round down.
int64_t floor_division(int64_t a, int64_t b) {
  if (b == 0) throw Fault{"found a division by zero"};
  if (b == -1) return checked([](auto x, auto y, auto* made) { return __builtin_sub_overflow(y, x, made); }, a, 0);
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0) ? 1 : 0);
}

double real_modulo(double a, double b) {
  if (b == 0) throw Fault{"found a division by zero"};
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  return rest == 0 ? std::copysign(0.0, b) : rest;
}

double real_floor_division(double a, double b) {
  const double rest = real_modulo(a, b);
  const double quotient = (a - rest) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Value power(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer() && b.integer() >= 0) {
    int64_t made = 1, base = a.integer();
    for (int64_t rest = b.integer(); rest > 0; rest >>= 1) {
      if ((rest & 1) != 0 && __builtin_mul_overflow(made, base, &made)) too_large();
      if (rest > 1 && __builtin_mul_overflow(base, base, &base)) too_large();
    }
    return made;
  }
  if (a.real() == 0 && b.real() < 0) throw Fault{"found zero to a negative power"};
  if (a.real() < 0 && b.real() != std::floor(b.real())) throw Fault{"found a negative number to a power that is not whole"};
  const double made = std::pow(a.real(), b.real());
  if (std::isinf(made) && std::isfinite(a.real()) && std::isfinite(b.real())) throw Fault{"a power is too large for a float"};
  return made;
}

Value of_integers(const std::string& sign, int64_t a, int64_t b) {
  if (sign == "+") return checked([](auto x, auto y, auto* made) { return __builtin_add_overflow(x, y, made); }, a, b);
  if (sign == "-") return checked([](auto x, auto y, auto* made) { return __builtin_sub_overflow(x, y, made); }, a, b);
  if (sign == "*") return checked([](auto x, auto y, auto* made) { return __builtin_mul_overflow(x, y, made); }, a, b);
  if (sign == "//") return floor_division(a, b);
  if (b == 0) throw Fault{"found a division by zero"};
  if (sign == "%") return b == -1 ? int64_t{0} : a - b * floor_division(a, b);
  return static_cast<double>(a) / static_cast<double>(b);
}

Value of_numbers(const std::string& sign, const Value& a, const Value& b) {
  if (sign == "**") return power(a, b);
  if (a.is_integer() && b.is_integer()) return of_integers(sign, a.integer(), b.integer());
  if (sign == "+") return a.real() + b.real();
  if (sign == "-") return a.real() - b.real();
  if (sign == "*") return a.real() * b.real();
  if (sign == "//") return real_floor_division(a.real(), b.real());
  if (sign == "%") return real_modulo(a.real(), b.real());
  if (b.real() == 0) throw Fault{"found a division by zero"};
  return a.real() / b.real();
}

/// Texts, of which a safe one makes the other safe by escaping it.
Value concatenated(const Value& a, const Value& b) {
  const bool safe = a.safe() || b.safe();
  std::string made = safe ? safe_text(a) : a.text();
  const std::string& more = safe ? safe_text(b) : b.text();
  require_room(made.size() + more.size());
  spend(made.size() + more.size());
  return Value(made += more, safe);
}

Value repeated_items(const Value& list, int64_t times) {
  const auto count = static_cast<size_t>(std::max<int64_t>(times, 0)), size = list.items().size();
  if (size != 0 && count > Ledger::most_bytes / (size * sizeof(Value))) require_room(Ledger::most_bytes + 1);
  spend(count * size * sizeof(Value));
  std::vector<Value> made;
  made.reserve(count * size);
  for (size_t i = 0; i < (size == 0 ? 0 : count); ++i) made.insert(made.end(), list.items().begin(), list.items().end());
  return list.is(Kind::list) ? Value::list(std::move(made)) : Value::tuple(std::move(made));
}

Value sum_of_items(const Value& a, const Value& b) {
  spend((a.items().size() + b.items().size()) * sizeof(Value));
  std::vector<Value> made;
  made.reserve(a.items().size() + b.items().size());
  made.insert(made.end(), a.items().begin(), a.items().end());
  made.insert(made.end(), b.items().begin(), b.items().end());
  return a.is(Kind::list) ? Value::list(std::move(made)) : Value::tuple(std::move(made));
}

/// What a safe text's % escapes: every text that is put in.
Value escaped_values(const Value& value) {
  if (value.is_text()) return Value(safe_text(value), true);
  if (!value.is(Kind::tuple)) return value;
  std::vector<Value> made;
  for (const Value& item : value.items()) made.push_back(escaped_values(item));
  return Value::tuple(std::move(made));
}

}  // namespace

std::string repeated(const std::string& text, int64_t times) {
  const auto count = static_cast<size_t>(std::max<int64_t>(times, 0));
  if (!text.empty() && count > Ledger::most_bytes / text.size()) require_room(Ledger::most_bytes + 1);
  spend(count * text.size());
  std::string made;
  if (text.empty()) return made;
  made.reserve(count * text.size());
  for (size_t i = 0; i < count; ++i) made += text;
  return made;
}

Value arithmetic(const std::string& sign, const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return of_numbers(sign, a, b);
  if (sign == "+") {
    if (a.is_text() && b.is_text()) return concatenated(a, b);
    if (a.is_array() && a.kind() == b.kind()) return sum_of_items(a, b);
  } else if (sign == "*") {
    const Value& whole = a.is_integer() ? b : a;
    const Value& times = a.is_integer() ? a : b;
    if (times.is_integer() && whole.is_text()) return Value(repeated(whole.text(), times.integer()), whole.safe());
    if (times.is_integer() && whole.is_array()) return repeated_items(whole, times.integer());
  } else if (sign == "%" && a.is_text()) {
    return Value(percent_format(a.text(), a.safe() ? escaped_values(b) : b), a.safe());
  }
  unsupported(sign, a, b);
}

}  // namespace hyplora::jinja
