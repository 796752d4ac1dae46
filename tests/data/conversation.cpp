#include "data/conversation.h"

#include "data/row_schemas.h"
#include "support/support.h"

namespace hyplora {
namespace {

Row row_of(const char* object) { return read_row(Json::parse(object), "auto", "f: row 1"); }
std::string refusal(const char* object) {
  return test::input_error([&] { row_of(object); });
}
Json messages(const char* text) { return Json::parse(text); }

TEST_CASE("ShareGPT's conversations become messages, whatever their roles are called", "[data]") {
  for (const char* object : {R"({"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]})",
                             R"({"conversations": [{"from": "User", "value": "Q"}, {"from": "ChatGPT", "value": "A"}]})",
                             R"({"conversations": [{"role": "user", "content": "Q"}, {"role": "model", "content": "A"}]})"}) {
    const Row row = row_of(object);
    CHECK(row.instruction == "Q");
    CHECK(row.output == "A");
    CHECK(row.turns == 2);
    CHECK(row.conversation["messages"] ==
          messages(R"([{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}])"));
    CHECK_FALSE(row.conversation.contains("tools"));
  }
  const Row system = row_of(
      R"({"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "Q"}, {"from": "bard", "value": "A"}],
          "tools": "[]"})");
  CHECK(system.instruction == "S\n\nQ");
  CHECK(system.turns == 2);
  CHECK(row_of(R"({"system": "S", "conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]})")
            .conversation["messages"][0]["content"] == "S");
}

TEST_CASE("Calls of tools and what they return keep their place in a conversation", "[data]") {
  const Row openai = row_of(R"({"tools": [{"type": "function", "function": {"name": "f"}}], "messages": [
      {"role": "developer", "content": "S"}, {"role": "user", "content": "Q"},
      {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
      {"role": "tool", "tool_call_id": "1", "content": "4"}, {"role": "assistant", "content": "It is 4."}]})");
  const Json& said = openai.conversation["messages"];
  CHECK(said[0]["role"] == "system");
  CHECK(said[2]["content"].is_null());
  CHECK(said[2]["tool_calls"][0]["function"]["name"] == "f");
  CHECK(said[3] == Json::parse(R"({"role": "tool", "content": "4", "tool_call_id": "1"})"));
  CHECK(openai.conversation["tools"][0]["function"]["name"] == "f");
  CHECK(openai.output == "It is 4.");
  const Row sharegpt = row_of(R"({"tools": "[{\"name\": \"f\"}]", "conversations": [{"from": "human", "value": "Q"},
      {"from": "function_call", "value": "{\"name\": \"f\", \"arguments\": {\"x\": 1}}"}, {"from": "observation", "value": "4"},
      {"from": "gpt", "value": "A"}]})");
  CHECK(sharegpt.conversation["messages"][1]["tool_calls"][0]["function"]["arguments"]["x"] == 1);
  CHECK(sharegpt.conversation["messages"][2]["role"] == "tool");
  CHECK(sharegpt.conversation["tools"] == Json::parse(R"([{"type": "function", "function": {"name": "f"}}])"));
  CHECK_THAT(refusal(R"({"conversations": [{"from": "human", "value": "Q"}, {"from": "function_call", "value": "call f"}]})"),
             test::Contains("message 2: key \"value\": expected a call as JSON"));
}

TEST_CASE("Messages of weight 0 carry no loss and are no output", "[data]") {
  const Row row = row_of(R"({"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"},
      {"role": "user", "content": "C"}, {"role": "assistant", "content": "D", "weight": 0}]})");
  CHECK(row.without_loss == std::vector<size_t>{3});
  CHECK(row.output == "B");
  CHECK_FALSE(row.conversation["messages"][3].contains("weight"));
  CHECK(conversation_object(row)["messages"][3]["weight"] == 0);
  CHECK_THAT(refusal(R"({"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B", "weight": 0}]})"),
             test::Contains("has weight 0"));
  CHECK_THAT(refusal(R"({"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B", "weight": 2}]})"),
             test::Contains("message 2: key \"weight\": found 2, expected 0 or 1"));
}

TEST_CASE("Parts of text are joined, pictures and unknown roles are refused", "[data]") {
  CHECK(row_of(R"({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, "b"]},
                                {"role": "assistant", "content": "c"}]})")
            .instruction == "ab");
  CHECK_THAT(refusal(R"({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]})"),
             test::Contains("found a part that is no text (\"image_url\")"));
  CHECK_THAT(refusal(R"({"messages": [{"role": "narrator", "content": "a"}]})"),
             test::Contains("message 1: key \"role\": found \"narrator\", expected system, user, assistant or tool"));
}

TEST_CASE("A prompt and its completion are texts or lists of messages", "[data]") {
  for (const char* object :
       {R"({"prompt": "Q", "completion": "A"})", R"({"prompt": "Q", "response": "A"})", R"({"query": "Q", "response": "A"})",
        R"({"inst": "Q", "response": "A"})", R"({"input": "Q", "output": "A"})",
        R"({"prompt": [{"role": "user", "content": "Q"}], "completion": [{"role": "assistant", "content": "A"}]})",
        R"({"prompt": [{"role": "user", "content": "Q"}], "completion": "A"})"}) {
    CHECK(row_of(object).instruction == "Q");
    CHECK(row_of(object).output == "A");
  }
  const Row several = row_of(R"({"prompt": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"},
      {"role": "user", "content": "C"}], "completion": [{"role": "assistant", "content": "D"}]})");
  CHECK(several.without_loss == std::vector<size_t>{1});
  CHECK(several.turns == 4);
  CHECK_THAT(refusal(R"({"prompt": "Q", "completion": "bad", "label": false})"), test::Contains("key \"label\" is false"));
  CHECK_THAT(refusal(R"({"prompt": "Q", "chosen": "A", "rejected": "B"})"), test::Contains("is a preference pair"));
}

TEST_CASE("The system text and the history of an instruction stand before it", "[data]") {
  const Row row = row_of(R"({"instruction": "What is 2+3?", "input": "Count.", "output": "5", "system": "You shout.",
                             "history": [["Hi", "Hello!"]]})");
  CHECK(row.instruction == "You shout.\n\nUser: Hi\n\nAssistant: Hello!\n\nUser: What is 2+3?");
  CHECK(row.input == "Count.");
  CHECK(row.turns == 4);
  CHECK(row.conversation["messages"] ==
        messages(R"([{"role": "system", "content": "You shout."}, {"role": "user", "content": "Hi"},
      {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "What is 2+3?\nCount."},
      {"role": "assistant", "content": "5"}])"));
  CHECK(row_of(R"({"instruction": "i", "output": "o", "system": "", "history": []})").conversation.is_null());
  CHECK(row_of(R"({"instruction": "i", "output": "o", "system": "s"})").instruction == "s\n\ni");
  CHECK_THAT(refusal(R"({"instruction": "i", "output": "o", "history": [["a", "b"], ["c"]]})"),
             test::Contains("key \"history\": turn 2: expected a pair of texts"));
}

TEST_CASE("A conversation of several turns is read only where it is wanted", "[data]") {
  const test::TempFolder folder;
  const std::string file = folder / "r.jsonl";
  const auto reading = [&](LongConversations conversations) {
    RowReading how;
    how.conversations = conversations;
    return read_rows({file}, how);
  };
  write_file(file, R"({"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"},)"
                   R"({"role": "user", "content": "C"}, {"role": "assistant", "content": "D"}]})");
  CHECK(
      test::input_error([&] { reading(LongConversations::refused); }) ==
      file +
          ": row 1: has 4 turns, expected one of the user and one of the assistant; use prompt_template \"chat\", or fold_turns "
          "true.");
  CHECK(reading(LongConversations::folded).at(0).instruction == "User: A\n\nAssistant: B\n\nUser: C");
  CHECK(reading(LongConversations::kept).at(0).conversation["messages"].size() == 4);
  write_file(file, R"({"tools": [{"name": "f"}], "messages": [{"role": "user", "content": "A"},)"
                   R"({"role": "assistant", "content": "B"}]})");
  for (const auto conversations : {LongConversations::refused, LongConversations::folded}) {
    CHECK_THAT(test::input_error([&] { reading(conversations); }), test::Contains("row 1: holds tools"));
  }
  CHECK(reading(LongConversations::kept).size() == 1);
}

}  // namespace
}  // namespace hyplora
