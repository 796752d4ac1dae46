// How Python writes values: str() and repr().
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "text/jinja/casing.h"
#include "text/jinja/value.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

std::string quoted(const std::string& text) {
  const bool twice = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  const char quote = twice ? '"' : '\'';
  spend(2 * text.size());
  std::string made(1, quote);
  for (size_t place = 0; place < text.size();) {
    const Character c = character_at(text, place);
    require_room(made.size());
    if (c.code == static_cast<uint32_t>(quote) || c.code == '\\') {
      made += '\\';
      made += static_cast<char>(c.code);
    } else if (c.code == '\n') {
      made += "\\n";
    } else if (c.code == '\r') {
      made += "\\r";
    } else if (c.code == '\t') {
      made += "\\t";
    } else if (is_printable(c.code)) {
      made.append(text, place, c.bytes);
    } else {
      made += c.code < 0x100     ? fmt::format("\\x{:02x}", c.code)
              : c.code < 0x10000 ? fmt::format("\\u{:04x}", c.code)
                                 : fmt::format("\\U{:08x}", c.code);
    }
    place += c.bytes;
  }
  return made + quote;
}

/// Grows a text, whose bytes count.
struct Writer {
  std::string text;
  void add(std::string_view more) {
    spend(more.size() + 4);
    require_room(text.size() + more.size());
    text += more;
  }
};

void write_repr(Writer& writer, const Value& value);

void write_items(Writer& writer, const std::vector<Value>& items, const char* open, const char* close) {
  writer.add(open);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) writer.add(", ");
    write_repr(writer, items[i]);
  }
  writer.add(close);
}

void write_pairs(Writer& writer, const Dict& dict) {
  writer.add("{");
  for (size_t i = 0; i < dict.items.size(); ++i) {
    if (i > 0) writer.add(", ");
    write_repr(writer, dict.items[i].first);
    writer.add(": ");
    write_repr(writer, dict.items[i].second);
  }
  writer.add("}");
}

void write_view(Writer& writer, const Value& value) {
  constexpr const char* names[] = {"dict_keys([", "dict_values([", "dict_items(["};
  write_items(writer, elements(value), names[static_cast<int>(value.as<View>().part)], "])");
}

void write_space(Writer& writer, const Space& space) {
  writer.add("<Namespace {");
  bool first = true;
  for (const auto& [name, value] : space.names) {
    if (!first) writer.add(", ");
    first = false;
    writer.add(quoted(name) + ": ");
    write_repr(writer, value);
  }
  writer.add("}>");
}

void write_range(Writer& writer, const Range& range) {
  writer.add(fmt::format("range({}, {}{})", range.start, range.stop,
                         range.step == 1 ? std::string() : fmt::format(", {}", range.step)));
}

void write_function(Writer& writer, const Function& function) {
  if (function.macro == nullptr) {
    writer.add("<built-in function " + function.name + ">");
  } else {
    writer.add(function.name.empty() ? "<Macro anonymous>" : "<Macro " + quoted(function.name) + ">");
  }
}

void write_repr(Writer& writer, const Value& value) {
  const Level level;
  switch (value.kind()) {
    case Kind::absent:
    case Kind::undefined:
      return writer.add("Undefined");
    case Kind::none:
      return writer.add("None");
    case Kind::boolean:
      return writer.add(value.truth_bit() ? "True" : "False");
    case Kind::integer:
      return writer.add(fmt::format("{}", value.integer()));
    case Kind::real:
      return writer.add(number_text(value.real()));
    case Kind::text:
      return writer.add(value.safe() ? "Markup(" + quoted(value.text()) + ")" : quoted(value.text()));
    case Kind::list:
      return write_items(writer, value.items(), "[", "]");
    case Kind::tuple:
      return write_items(writer, value.items(), "(", value.items().size() == 1 ? ",)" : ")");
    case Kind::dict:
      return write_pairs(writer, value.as<Dict>());
    case Kind::range:
      return write_range(writer, value.as<Range>());
    case Kind::view:
      return write_view(writer, value);
    case Kind::space:
      return write_space(writer, value.as<Space>());
    case Kind::loop:
      return writer.add(fmt::format("<LoopContext {}/{}>", value.as<Loop>().index + 1, value.as<Loop>().items.size()));
    case Kind::function:
      return write_function(writer, value.as<Function>());
    case Kind::iterator:
    case Kind::cycler:
    case Kind::joiner:
      throw Fault{fmt::format("{} has no text: Python would print where it lies in memory", kind_name(value))};
  }
}

}  // namespace

const char* kind_name(const Value& value) {
  switch (value.kind()) {
    case Kind::absent:
      return "nothing";
    case Kind::undefined:
      return "an undefined value";
    case Kind::none:
      return "None";
    case Kind::boolean:
      return "a bool";
    case Kind::integer:
      return "an int";
    case Kind::real:
      return "a float";
    case Kind::text:
      return "a str";
    case Kind::list:
      return "a list";
    case Kind::tuple:
      return "a tuple";
    case Kind::dict:
      return "a dict";
    case Kind::range:
      return "a range";
    case Kind::view:
      return "a dict view";
    case Kind::iterator:
      return "a generator";
    case Kind::space:
      return "a namespace";
    case Kind::loop:
      return "a loop";
    case Kind::function:
      return "a function";
    case Kind::cycler:
      return "a cycler";
    case Kind::joiner:
      return "a joiner";
  }
  return "";
}

std::string number_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char digits[64];
  const auto shortest = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::scientific);
  std::string text(digits, shortest.ptr);
  const size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  if (exponent < -4 || exponent >= 16) return text;
  std::string sign, mantissa = text.substr(0, e);
  if (mantissa[0] == '-') {
    sign = "-";
    mantissa.erase(0, 1);
  }
  if (mantissa.size() > 1) mantissa.erase(1, 1);
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + mantissa;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (mantissa.size() <= whole) return sign + mantissa + std::string(whole - mantissa.size(), '0') + ".0";
  return sign + mantissa.substr(0, whole) + "." + mantissa.substr(whole);
}

std::string text_of(const Value& value) {
  if (value.is_text()) {
    spend(value.text().size());
    return value.text();
  }
  if (value.is(Kind::undefined)) return "";
  return repr(value);
}

std::string repr(const Value& value) {
  Writer writer;
  write_repr(writer, value);
  return std::move(writer.text);
}

}  // namespace hyplora::jinja
