#include "support/mutants.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace hyplora::test {
namespace {

const std::string hole = "<hole>";  // where the text of a value goes that the library could not write

struct Value {
  std::string name, text;
};

std::string repeated(const std::string& part, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += part;
  return all;
}

const std::vector<Value>& values() {
  static const std::vector<Value> all{
      {"null", "null"},
      {"true", "true"},
      {"false", "false"},
      {"0", "0"},
      {"-1", "-1"},
      {"2^31", "2147483648"},
      {"2^63-1", "9223372036854775807"},
      {"-2^63", "-9223372036854775808"},
      {"2^64", "18446744073709551616"},
      {"1e308", "1e308"},
      {"-1e308", "-1e308"},
      {"1e999", "1e999"},
      {"1e-320", "1e-320"},
      {"half", "0.5"},
      {"NaN", "NaN"},
      {"NaN as text", "\"NaN\""},
      {"empty text", "\"\""},
      {"a text", "\"hm\""},
      {"a huge text", "\"" + std::string(200000, 'x') + "\""},
      {"control characters", "\"\\u0000\\u001b[31m\\r\\n\""},
      {"bytes that are no UTF-8", "\"\xff\xc0\x80\""},
      {"half of a surrogate pair", "\"\\ud800\""},
      {"an empty array", "[]"},
      {"an array of arrays", "[[[]]]"},
      {"a long array", "[" + repeated("1,", 100000) + "1]"},
      {"an empty object", "{}"},
      {"an object", "{\"hm\":1}"},
      {"depth", repeated("[", 100000) + repeated("]", 100000)},
      {"99 levels", repeated("[", 90) + repeated("]", 90)},
  };
  return all;
}

/// Scalars that differ in type, or an object in place of anything else; a list in place of one value is a form that many keys have, as
/// null is of a missing one.
bool is_wrong_type(const Json& before, const Json& now) {
  if (now.is_null() || before.is_null() || now.is_array()) return false;
  if (before.is_structured()) return before.is_array() && now.is_object();
  if (now.is_object()) return true;
  return before.is_string() != now.is_string() || before.is_boolean() != now.is_boolean();
}

std::string with_hole(const Json& document, const Json::json_pointer& at, const std::string& text) {
  Json changed = document;
  changed[at] = hole;
  std::string all = json_text(changed);
  return all.replace(all.find("\"" + hole + "\""), hole.size() + 2, text);
}

void add_node(const Json& document, const Json::json_pointer& at, std::vector<Mutant>& all) {
  const Json node = document.at(at);
  const std::string name = at.to_string().empty() ? "the whole" : at.to_string();
  for (const auto& [what, text] : values()) {
    const auto now = try_json(text);
    all.push_back({name + ": " + what, with_hole(document, at, text), now && is_wrong_type(node, *now)});
  }
  if (!at.empty()) {
    Json without = document;
    Json& parent = without[at.parent_pointer()];
    if (parent.is_object()) {
      const std::string key = at.back(), text = json_text(node);
      parent.erase(key);
      all.push_back({name + ": missing", json_text(without)});
      all.push_back({name + ": twice", with_hole(document, at, text + "," + json_text(Json(key)) + ":" + text)});
    }
  }
  if (!node.is_structured()) return;
  size_t index = 0;
  for (const auto& [key, value] : node.items()) {
    if (node.is_array() && index++ >= 3) break;  // its elements are of one kind
    add_node(document, node.is_array() ? at / (index - 1) : at / key, all);
  }
}

std::vector<Mutant> node_mutants(const std::string& text) {
  std::vector<Mutant> all;
  add_node(parse_json(text, "a document to mutate"), Json::json_pointer(), all);
  return all;
}

std::string header_of(const std::string& header) {
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(header.size() >> (8 * i));
  return length + header;
}

void append(std::vector<Mutant>& all, std::vector<Mutant> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

}  // namespace

std::vector<Mutant> byte_mutants(const std::string& bytes) {
  std::vector<Mutant> all{{"empty", ""},
                          {"white space", " \n \n"},
                          {"a byte order mark", "\xEF\xBB\xBF" + bytes},
                          {"zeros", std::string(1000, '\0')},
                          {"a page of HTML", "<html><body>404</body></html>\n"},
                          {"twice", bytes + bytes},
                          {"one long line", std::string(3000000, 'a')},
                          {"an end of zeros", bytes + std::string(100, '\0')}};
  std::mt19937 random(5);
  for (int i = 0; i < 60 && !bytes.empty(); ++i) {
    const size_t at = std::uniform_int_distribution<size_t>(0, bytes.size() - 1)(random);
    all.push_back({fmt::format("cut at {}", at), bytes.substr(0, at)});
    std::string flipped = bytes, without = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (i % 8)));
    all.push_back({fmt::format("bit {} of byte {} flipped", i % 8, at), flipped});
    all.push_back({fmt::format("without byte {}", at), without.erase(at, 1)});
  }
  return all;
}

std::vector<Mutant> json_mutants(const std::string& text) {
  std::vector<Mutant> all = node_mutants(text);
  append(all, byte_mutants(text));
  return all;
}

std::vector<Mutant> lines_mutants(const std::string& text) {
  std::vector<Mutant> all;
  size_t number = 0;
  for (size_t begin = 0, end; begin < text.size() && number < 3; begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    ++number;
    for (auto& [what, line, wrong] : node_mutants(text.substr(begin, end - begin)))
      all.push_back({fmt::format("line {}, {}", number, what), text.substr(0, begin) + line + text.substr(end), wrong});
  }
  append(all, byte_mutants(text));
  return all;
}

std::vector<Mutant> safetensors_mutants(const std::string& bytes) {
  uint64_t size = 0;
  for (size_t i = 0; i < 8; ++i) size |= static_cast<uint64_t>(static_cast<unsigned char>(bytes.at(i))) << (8 * i);
  const std::string header = bytes.substr(8, size), tensors = bytes.substr(8 + size);
  Json few = parse_json(header, "a header to mutate");
  std::vector<Mutant> all;
  size_t number = 0;
  for (const auto& [tensor, info] : few.items()) {
    if (++number > 3) break;  // they are of one kind
    std::vector<Mutant> of_one;
    add_node(few, Json::json_pointer() / tensor, of_one);
    for (auto& [what, text, wrong] : of_one) all.push_back({what, header_of(text) + tensors, wrong});
  }
  for (const std::string length : {"", "\xff\xff\xff\xff\xff\xff\xff\xff", "\xff\xff\xff\xff\xff\xff\xff\x7f"}) {
    std::string wrong = bytes;
    all.push_back({"the header's length", wrong.replace(0, 8, length + std::string(8 - length.size(), '\0'))});
  }
  append(all, byte_mutants(bytes));
  return all;
}

std::vector<Mutant> sample(std::vector<Mutant> all, size_t count) {
  if (count == 0 || count >= all.size()) return all;
  std::vector<Mutant> few;
  std::mt19937 random(3);
  std::sample(std::make_move_iterator(all.begin()), std::make_move_iterator(all.end()), std::back_inserter(few), count, random);
  return few;
}

}  // namespace hyplora::test
