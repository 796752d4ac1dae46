// json.dumps: what the filter tojson writes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "text/jinja/value.h"
#include "text/unicode.h"

namespace hyplora::jinja {
namespace {

class Writer {
 public:
  explicit Writer(const JsonForm& form) : form_(form) {}

  void write(const Value& value) {
    const Level level;
    switch (value.kind()) {
      case Kind::none:
        return add("null");
      case Kind::boolean:
        return add(value.truth_bit() ? "true" : "false");
      case Kind::integer:
      case Kind::real:
        return add(number(value));
      case Kind::text:
        return string(value.text());
      case Kind::list:
      case Kind::tuple:
        return array(value.items());
      case Kind::dict:
        return object(value);
      default:
        throw Fault{fmt::format("tojson: {} is nothing that JSON has", kind_name(value))};
    }
  }

  std::string text;

 private:
  void add(std::string_view more) {
    spend(more.size() + 4);
    require_room(text.size() + more.size());
    text += more;
  }

  static std::string number(const Value& value) {
    if (value.is(Kind::integer)) return fmt::format("{}", value.integer());
    const double real = value.real();
    return std::isnan(real) ? "NaN" : std::isinf(real) ? (real < 0 ? "-Infinity" : "Infinity") : number_text(real);
  }

  void string(const std::string& from) {
    add("\"");
    std::string made;
    for (size_t place = 0; place < from.size();) {
      const Character c = character_at(from, place);
      made += escaped(c, std::string_view(from).substr(place, c.bytes));
      place += c.bytes;
      if (made.size() <= 4096) continue;
      add(made);
      made.clear();
    }
    add(made);
    add("\"");
  }

  std::string escaped(const Character& c, std::string_view as_it_is) const {
    switch (c.code) {
      case '"':
        return "\\\"";
      case '\\':
        return "\\\\";
      case '\n':
        return "\\n";
      case '\r':
        return "\\r";
      case '\t':
        return "\\t";
      case '\f':
        return "\\f";
      case '\b':
        return "\\b";
      default:
        break;
    }
    if (c.code >= 0x20 && (c.code < 0x7F || !form_.ascii)) return std::string(as_it_is);
    if (c.code < 0x10000) return fmt::format("\\u{:04x}", c.code);
    return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((c.code - 0x10000) >> 10), 0xDC00 + ((c.code - 0x10000) & 0x3FF));
  }

  void line() {
    if (!form_.indent) return;
    add("\n");
    for (int i = 0; i < level_; ++i) add(*form_.indent);
  }

  void separate(bool first) {
    if (!first) add(form_.between_items);
    line();
  }

  void array(const std::vector<Value>& items) {
    if (items.empty()) return add("[]");
    add("[");
    ++level_;
    for (size_t i = 0; i < items.size(); ++i) {
      separate(i == 0);
      write(items[i]);
    }
    --level_;
    line();
    add("]");
  }

  /// What json.dumps makes of a key.
  std::string key_text(const Value& key) const {
    if (key.is_text()) return key.text();
    if (key.is(Kind::none)) return "null";
    if (key.is(Kind::boolean)) return key.truth_bit() ? "true" : "false";
    if (key.is_number()) return number(key);
    throw Fault{fmt::format("tojson: {} cannot be a key", kind_name(key))};
  }

  void object(const Value& value) {
    std::vector<std::pair<Value, Value>> pairs = value.pairs();
    if (pairs.empty()) return add("{}");
    if (form_.sorted)
      std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return less(a.first, b.first); });
    add("{");
    ++level_;
    for (size_t i = 0; i < pairs.size(); ++i) {
      separate(i == 0);
      string(key_text(pairs[i].first));
      add(form_.after_key);
      write(pairs[i].second);
    }
    --level_;
    line();
    add("}");
  }

  const JsonForm& form_;
  int level_ = 0;
};

}  // namespace

std::string json_text_of(const Value& value, const JsonForm& form) {
  Writer writer(form);
  writer.write(value);
  return std::move(writer.text);
}

}  // namespace hyplora::jinja
