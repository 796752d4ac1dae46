#include "core/json.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "core/error.h"

namespace hyplora {
namespace {

constexpr size_t most_levels = 100;  // a hundred times what any file of this field has, and far from the stack's end

/// Builds the value from the parser's events; the members' names match nlohmann's SAX interface. Where an event returns false
/// the parser stops, and `fault` says why.
class Builder {
 public:
  Json root;
  std::string fault = "found text that is not JSON";
  std::optional<size_t> position;  // of that text

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(Json::number_integer_t value) { return put(value); }
  bool number_unsigned(Json::number_unsigned_t value) { return put(value); }
  bool number_float(Json::number_float_t value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(Json::binary_t& value) { return put(std::move(value)); }
  bool start_array(size_t) { return open(Json::array()); }
  bool end_array() { return close(); }
  bool start_object(size_t) { return open(Json::object()); }
  bool end_object() { return close(); }

  bool key(std::string& name) {
    if (!open_.back().keys.insert(name).second) {
      fault = fmt::format("found key \"{}\" twice in one object, expected it once", name);
      return false;
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(size_t byte, const std::string&, const nlohmann::detail::exception& error) {
    if (dynamic_cast<const Json::out_of_range*>(&error) != nullptr) {
      fault = "found a number that does not fit into 64 bits";
    } else {
      position = byte > 0 ? byte - 1 : 0;
    }
    return false;
  }

 private:
  struct Open {
    Json value;
    std::string key;  // under which it will stand in what holds it
    std::unordered_set<std::string> keys;
  };

  template <class T>
  bool put(T&& value) {
    add(std::forward<T>(value), key_);
    return true;
  }

  bool open(Json value) {
    if (open_.size() == most_levels) {
      fault = fmt::format("found values nested more than {} levels deep", most_levels);
      return false;
    }
    open_.push_back({std::move(value), std::move(key_), {}});
    return true;
  }

  bool close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.value), closed.key);
    return true;
  }

  /// To the innermost open value. An object's own insertion would compare with all its keys; here they are known to differ.
  void add(Json value, std::string& key) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (open_.back().value.is_array()) {
      open_.back().value.get_ref<Json::array_t&>().push_back(std::move(value));
    } else {
      open_.back().value.get_ref<Json::object_t&>().emplace_back(std::move(key), std::move(value));
    }
  }

  std::vector<Open> open_;
  std::string key_;
};

/// NaN and infinities, which Python writes into JSON though it has no numbers of that name.
void name_python_number(std::string_view text, Builder& builder) {
  if (!builder.position) return;
  const std::string_view rest = text.substr(std::min(*builder.position, text.size()));
  for (const char* number : {"NaN", "Infinity", "-Infinity"}) {
    if (rest.starts_with(number))
      builder.fault = fmt::format("found {}, which JSON does not have (write null, or a number)", number);
  }
}

}  // namespace

Json parse_json(std::string_view text, const std::string& where) {
  Builder builder;
  if (Json::sax_parse(text, &builder, Json::input_format_t::json, /*strict=*/true, /*ignore_comments=*/true))
    return builder.root;
  name_python_number(text, builder);
  if (!builder.position) throw InputError("{}: {}.", where, builder.fault);
  const size_t position = std::min(*builder.position, text.size());
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n');
  throw InputError("{}: line {} (byte {}): {}, expected a JSON value.", where, line, position, builder.fault);
}

std::optional<Json> try_json(std::string_view text, std::string* fault) {
  Builder builder;
  if (Json::sax_parse(text, &builder)) return std::move(builder.root);
  name_python_number(text, builder);
  if (fault != nullptr) *fault = builder.fault;
  return std::nullopt;
}

std::string json_text(const Json& value, int indent) { return value.dump(indent, ' ', false, Json::error_handler_t::replace); }

std::string shown(const Json& value) {
  std::string text = json_text(value);
  if (text.size() <= 60) return text;
  size_t end = 57;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // between characters, not in one
  return text.substr(0, end) + "...";
}

}  // namespace hyplora
