// Python's operator % of texts.
#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/builtins.h"
#include "text/jinja/format.h"

namespace hyplora::jinja {
namespace {

/// The places of a text for %.
class Percent {
 public:
  Percent(const std::string& form, const Value& values) : form_(form), values_(values) {}

  std::string made() {
    std::string made;
    while (place_ < form_.size()) {
      const size_t sign = std::min(form_.find('%', place_), form_.size());
      made.append(form_, place_, sign - place_);
      place_ = sign + 1;
      if (sign < form_.size()) made += one();
      spend(20);
      require_room(made.size());
    }
    const bool mapping = values_.is(Kind::dict);
    const size_t given = values_.is(Kind::tuple) ? values_.items().size() : 1;
    if (used_ < given && !mapping && !(values_.is(Kind::list) && used_ == 0))
      throw Fault{"found more values than the text has places for"};
    return made;
  }

 private:
  char now() const { return place_ < form_.size() ? form_[place_] : '\0'; }

  Value next_value() {
    if (values_.is(Kind::tuple)) {
      if (used_ == values_.items().size()) throw Fault{"found fewer values than the text has places for"};
      return values_.items()[used_++];
    }
    if (used_++ > 0) throw Fault{"found fewer values than the text has places for"};
    return values_;
  }

  Value value_by_name() {
    const size_t end = form_.find(')', place_);
    if (end == std::string::npos) throw Fault{"found \"%(\" without its end"};
    const Value* found =
        values_.is(Kind::dict) ? values_.as<Dict>().find(Value(form_.substr(place_ + 1, end - place_ - 1))) : nullptr;
    if (found == nullptr) throw Fault{"a place of the text names no value"};
    place_ = end + 1;
    return *found;
  }

  int64_t width_or_star() {
    if (now() != '*') return number_at(form_, place_);
    ++place_;
    const int64_t width = integer_of(next_value());
    if (width > widest || width < -widest) throw Fault{fmt::format("a format asks for more than {} characters", widest)};
    return width;
  }

  std::string one() {
    Form form;
    std::optional<Value> value;
    if (now() == '(') value = value_by_name();
    bool left = false, zero = false;
    for (; std::string_view("-+ #0").find(now()) != std::string_view::npos && now() != '\0'; ++place_) {
      left = left || now() == '-';
      zero = zero || now() == '0';
      form.alternate = form.alternate || now() == '#';
      if (now() == '+' || (now() == ' ' && form.sign != '+')) form.sign = now();
    }
    form.width = width_or_star();
    if (form.width < 0) {
      left = true;
      form.width = -form.width;
    }
    if (now() == '.') {
      ++place_;
      form.precision = std::max<int64_t>(width_or_star(), 0);
    }
    while (now() == 'h' || now() == 'l' || now() == 'L') ++place_;
    form.type = now();
    ++place_;
    if (form.type == '%') return "%";
    if (form.type == '\0') throw Fault{"found \"%\" without a format"};
    if (!value) value = next_value();
    form.align = left ? '<' : '>';
    return of(*value, form, zero && !left);
  }

  static std::string of(const Value& value, Form form, bool zero) {
    if (form.type == 's' || form.type == 'r' || form.type == 'a')
      return padded(form, '>', "", cut(converted(value, form.type), form.precision));
    if (form.type == 'c' && value.is_text()) {
      if (value.text_length() != 1) throw Fault{"%c needs one character"};
      return padded(form, '>', "", value.text());
    }
    if (!value.is_number()) {
      require_defined(value);
      throw Fault{fmt::format("found {} for %{}, expected a number", kind_name(value), form.type)};
    }
    if (zero) {
      form.fill = "0";
      form.align = '=';
    }
    Value number = value;
    if (std::string_view("diu").find(form.type) != std::string_view::npos) {
      if (value.is(Kind::real)) number = filtered("int", value, {});
      form.type = 'd';
    } else if (std::string_view("xXoc").find(form.type) != std::string_view::npos && value.is(Kind::real)) {
      throw Fault{fmt::format("found a float for %{}, expected an int", form.type)};
    } else if (std::string_view("xXoceEfFgG").find(form.type) == std::string_view::npos) {
      throw Fault{fmt::format("found the format \"%{}\", which Python does not know", form.type)};
    }
    if (form.type == 'd' && form.precision >= 0) {
      Form digits = form;
      digits.width = form.precision + (number.integer() < 0 || form.sign != '-' ? 1 : 0);
      digits.fill = "0";
      digits.align = '=';
      digits.precision = form.precision = -1;
      return padded(form, '>', "", formatted_number(Value(number.integer()), digits));
    }
    return formatted_number(number.is(Kind::boolean) ? Value(number.integer()) : number, form);
  }

  const std::string& form_;
  const Value& values_;
  size_t place_ = 0, used_ = 0;
};

}  // namespace

std::string percent_format(const std::string& form, const Value& values) { return Percent(form, values).made(); }

}  // namespace hyplora::jinja
