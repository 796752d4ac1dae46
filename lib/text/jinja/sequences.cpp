// What has elements: going through them, one of them, slices.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "text/jinja/value.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

std::vector<Value> characters(const std::string& text) {
  std::vector<Value> made;
  for (size_t place = 0; place < text.size();) {
    spend(100);
    const size_t bytes = character_at(text, place).bytes;
    made.emplace_back(text.substr(place, bytes));
    place += bytes;
  }
  return made;
}

std::vector<Value> numbers(const Range& range) {
  spend(static_cast<size_t>(range.count) * 32);
  std::vector<Value> made;
  made.reserve(static_cast<size_t>(range.count));
  for (int64_t i = 0; i < range.count; ++i) made.emplace_back(range.start + i * range.step);
  return made;
}

std::vector<Value> seen(const View& view) {
  std::vector<Value> made;
  spend(view.dict.pairs().size() * 64);
  for (const auto& [key, value] : view.dict.pairs()) {
    made.push_back(view.part == View::Part::keys ? key : view.part == View::Part::values ? value : Value::tuple({key, value}));
  }
  return made;
}

/// The byte at which each asked character begins would be dear one by one: where a text is not ASCII they are listed.
std::vector<size_t> beginnings(const std::string& text) {
  spend(text.size() * 8);
  require_room(text.size() * 8);
  std::vector<size_t> places;
  for (size_t place = 0; place < text.size(); place += character_at(text, place).bytes) places.push_back(place);
  places.push_back(text.size());
  return places;
}

std::string sliced_text(const Value& value, const Places& at) {
  const std::string& text = value.text();
  const auto count = static_cast<size_t>(at.count);
  spend(count);
  if (value.ascii() && at.step == 1) return text.substr(static_cast<size_t>(at.start), count);
  std::string made;
  if (value.ascii()) {
    for (int64_t i = 0; i < at.count; ++i) made += text[static_cast<size_t>(at.start + i * at.step)];
    return made;
  }
  const std::vector<size_t> begins = beginnings(text);
  for (int64_t i = 0; i < at.count; ++i) {
    const auto place = static_cast<size_t>(at.start + i * at.step);
    made.append(text, begins[place], begins[place + 1] - begins[place]);
  }
  return made;
}

std::string character(const Value& value, int64_t index) {
  const std::string& text = value.text();
  if (value.ascii()) return std::string(1, text[static_cast<size_t>(index)]);
  size_t place = 0;
  spend(static_cast<size_t>(index) * 2);
  for (int64_t i = 0; i < index; ++i) place += character_at(text, place).bytes;
  return text.substr(place, character_at(text, place).bytes);
}

/// `index` from either end; nothing where it is outside.
std::optional<int64_t> inside(const Value& value, const Value& index) {
  if (!index.is_integer()) return std::nullopt;
  const int64_t count = length(value), at = index.integer() < 0 ? index.integer() + count : index.integer();
  return at >= 0 && at < count ? std::optional(at) : std::nullopt;
}

}  // namespace

std::vector<Value> elements(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return {};
    case Kind::text:
      return characters(value.text());
    case Kind::list:
    case Kind::tuple:
      spend(value.items().size() * sizeof(Value));
      return value.items();
    case Kind::dict:
      return seen(View(value, View::Part::keys));
    case Kind::range:
      return numbers(value.as<Range>());
    case Kind::view:
      return seen(value.as<View>());
    case Kind::iterator: {
      auto& iterator = value.as<Iterator>();
      spend(iterator.items.size() * sizeof(Value));
      std::vector<Value> rest(iterator.items.begin() + static_cast<std::ptrdiff_t>(iterator.place), iterator.items.end());
      iterator.place = iterator.items.size();
      return rest;
    }
    default:
      throw Fault{fmt::format("{} has no elements to go through", kind_name(value))};
  }
}

std::optional<Value> next_element(const Value& value) {
  if (value.is(Kind::iterator)) {
    auto& iterator = value.as<Iterator>();
    if (iterator.place == iterator.items.size()) return std::nullopt;
    return iterator.items[iterator.place++];
  }
  if (value.is_text() && !value.text().empty()) return Value(character(value, 0));
  const std::vector<Value> all = elements(value);
  return all.empty() ? std::nullopt : std::optional(all.front());
}

Value item(const Value& value, const Value& index) {
  switch (value.kind()) {
    case Kind::undefined:
      require_defined(value);
      return {};
    case Kind::dict: {
      if (index.is(Kind::list) || index.is(Kind::dict)) break;
      const Value* found = value.as<Dict>().find(index);
      if (found != nullptr) return *found;
      break;
    }
    case Kind::text:
      if (const auto at = inside(value, index)) return Value(character(value, *at), value.safe());
      break;
    case Kind::list:
    case Kind::tuple:
      if (const auto at = inside(value, index)) return value.items()[static_cast<size_t>(*at)];
      break;
    case Kind::range:
      if (const auto at = inside(value, index)) return value.as<Range>().start + *at * value.as<Range>().step;
      break;
    default:
      break;
  }
  return Value::undefined(fmt::format("{} has no element {}", kind_name(value), index.is_text() ? index.text() : repr(index)));
}

Places places(const Slice& slice, int64_t count) {
  const auto number = [](const Value& value, int64_t otherwise) {
    return value.is(Kind::none) ? otherwise : integer_of(value);
  };
  const int64_t step = std::max(number(slice.step, 1), -std::numeric_limits<int64_t>::max());
  if (step == 0) throw Fault{"a slice has a step of zero"};
  const int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? count : count - 1;
  const auto clamped = [&](const Value& value, int64_t otherwise) {
    if (value.is(Kind::none)) return otherwise;
    const int64_t given = integer_of(value);
    return std::clamp(given < 0 ? std::max(given, -count - 1) + count : given, lowest, highest);
  };
  const int64_t start = clamped(slice.start, step > 0 ? lowest : highest);
  const int64_t stop = clamped(slice.stop, step > 0 ? highest : lowest);
  const int64_t span = step > 0 ? stop - start : start - stop, width = step > 0 ? step : -step;
  return {start, stop, step, span <= 0 ? 0 : (span - 1) / width + 1};
}

Value sliced(const Value& value, const Slice& slice) {
  require_defined(value);
  if (!value.is_text() && !value.is_array() && !value.is(Kind::range)) {
    if (value.is(Kind::dict)) throw Fault{"a slice cannot be a key"};
    return Value::undefined(fmt::format("{} has no slices", kind_name(value)));
  }
  const Places at = places(slice, length(value));
  if (value.is_text()) return Value(sliced_text(value, at), value.safe());
  if (value.is(Kind::range)) {
    const auto& range = value.as<Range>();
    const int64_t first = range.start + at.start * range.step, step = range.step * at.step;
    return Value(Kind::range, std::make_shared<Range>(first, range.start + at.stop * range.step, step));
  }
  spend(static_cast<size_t>(at.count) * sizeof(Value));
  std::vector<Value> made;
  made.reserve(static_cast<size_t>(at.count));
  for (int64_t i = 0; i < at.count; ++i) made.push_back(value.items()[static_cast<size_t>(at.start + i * at.step)]);
  return value.is(Kind::tuple) ? Value::tuple(std::move(made)) : Value::list(std::move(made));
}

}  // namespace hyplora::jinja
