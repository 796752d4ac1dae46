#include "core/json.h"

#include <chrono>

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

std::string refusal(const std::string& text) {
  return test::input_error([&] { parse_json(text, "f"); });
}

std::string nested(int levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST_CASE("What is read is written again as the same, keys in their order", "[core]") {
  for (const char* text :
       {"null", "[]", "{}", R"({"b":1,"a":[true,-2,0.5,"x\n",{"c":null}],"d":{}})", "18446744073709551615", "-3"})
    CHECK(json_text(parse_json(text, "f")) == text);
  CHECK(parse_json("// a comment\n{\"a\": /* another */ 1}", "f")["a"] == 1);
  CHECK(json_text(Json("a\xff")) == "\"a\xEF\xBF\xBD\"");
}

TEST_CASE("Values nest a hundred levels and no more, whatever they are made of", "[core]") {
  CHECK(parse_json(nested(100), "f").is_array());
  CHECK(refusal(nested(101)) == "f: found values nested more than 100 levels deep.");
  const std::string objects = [] {
    std::string text;
    for (int i = 0; i < 200000; ++i) text += "{\"a\":";
    return text;
  }();
  CHECK_THAT(refusal(objects), Contains("more than 100 levels"));
  CHECK_THAT(refusal(std::string(1000000, '[')), Contains("more than 100 levels"));
}

TEST_CASE("A key that stands twice in one object is refused, in two objects it is not", "[core]") {
  CHECK(refusal(R"({"a": 1, "b": {"c": 1, "c": 2}})") == "f: found key \"c\" twice in one object, expected it once.");
  CHECK(parse_json(R"([{"a": 1}, {"a": 2, "b": {"a": 3}}])", "f").size() == 2);
}

TEST_CASE("What is no JSON is told with its line, and numbers that do not fit as what they are", "[core]") {
  CHECK(refusal("{\n\"a\": 1,\n}").starts_with("f: line 3 "));
  for (const char* text : {"", "{", "[1,]", "nul", "\"\xff\"", "1 2", "{\"a\" 1}", "{1: 2}"})
    CHECK_THAT(refusal(text), Contains("not JSON"));
  CHECK(refusal("1e999") == "f: found a number that does not fit into 64 bits.");
}

TEST_CASE("Trying gives nothing where reading would throw, with the reason", "[core]") {
  std::string fault;
  CHECK(try_json("[1]") == Json::array({1}));
  CHECK_FALSE(try_json("{\"a\":1,\"a\":2}", &fault));
  CHECK_THAT(fault, Contains("\"a\" twice"));
  CHECK_FALSE(try_json("x", &fault));
  CHECK_THAT(fault, Contains("not JSON"));
}

TEST_CASE("Time grows with the text, not with its square: 100,000 keys in one object", "[core]") {
  const auto seconds = [](int keys) {
    std::string text = "{";
    for (int i = 0; i < keys; ++i) text += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":" + std::to_string(i);
    text += "}";
    const auto start = std::chrono::steady_clock::now();
    CHECK(parse_json(text, "f").size() == static_cast<size_t>(keys));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double few = seconds(20'000), many = seconds(200'000);
  CHECK(many < 60 * few);  // a square would be 100 times
}

TEST_CASE("Error messages show long values shortened, between characters", "[core]") {
  CHECK(shown(Json("short")) == "\"short\"");
  const std::string umlauts = [] {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "ä";
    return text;
  }();
  const std::string text = shown(Json(umlauts));
  CHECK(text.size() <= 60);
  CHECK(text.ends_with("..."));
  CHECK(parse_json(text.substr(0, text.size() - 3) + "\"", "f").is_string());
}

}  // namespace
}  // namespace hyplora
