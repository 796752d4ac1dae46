#include "text/chat_template.h"

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

const Json hello{{"messages", Json::array({{{"role", "user"}, {"content", "Hi"}}})}};

struct Folder {
  void write(const std::string& name, const Json& content) const { write_file(place / name, content.dump()); }
  std::string rendered(const Json& conversation = hello) const { return ChatTemplate(place.path()).render(conversation); }
  std::string refusal(const Json& conversation = hello) const {
    return test::input_error([&] { rendered(conversation); });
  }
  test::TempFolder place;
};

TEST_CASE("A folder's template is chat_template.jinja, else tokenizer_config's, else chat_template.json's", "[text]") {
  const Folder folder;
  CHECK_THAT(folder.refusal(), Contains("its tokenizer has no chat template"));
  folder.write("chat_template.json", {{"chat_template", "third"}});
  CHECK(folder.rendered() == "third");
  folder.write("tokenizer_config.json",
               {{"chat_template", {{{"name", "tool_use"}, {"template", "x"}}, {{"name", "default"}, {"template", "second"}}}}});
  CHECK(folder.rendered() == "second");
  folder.write("tokenizer_config.json", {{"chat_template", "second, too"}});
  CHECK(folder.rendered() == "second, too");
  write_file(folder.place / "chat_template.jinja", "first\n");
  CHECK(folder.rendered() == "first");
}

TEST_CASE("Of several templates one is chosen by name, else tool_use for tools, else default", "[text]") {
  const Folder folder;
  folder.write(
      "tokenizer_config.json",
      {{"chat_template", {{{"name", "tool_use"}, {"template", "tools"}}, {{"name", "default"}, {"template", "plain"}}}}});
  Json with_tools = hello;
  with_tools["tools"] = Json::array();
  CHECK(folder.rendered() == "plain");
  CHECK(folder.rendered(with_tools) == "tools");
  CHECK(ChatTemplate(folder.place.path(), "tool_use").render(hello) == "tools");
  CHECK_THAT(test::input_error([&] { ChatTemplate(folder.place.path(), "rag"); }),
             Contains("found no chat template called \"rag\", expected one of \"default\", \"tool_use\""));
  fs::create_directories(folder.place / "additional_chat_templates");
  write_file(folder.place / "additional_chat_templates/rag.jinja", "documents");
  write_file(folder.place / "chat_template.jinja", "file");
  CHECK(folder.rendered(with_tools) == "file");
  CHECK(ChatTemplate(folder.place.path(), "rag").render(hello) == "documents");
}

TEST_CASE("A rendering tells which bytes stood in generation blocks, with or without the generation prompt", "[text]") {
  const Folder folder;
  write_file(folder.place / "chat_template.jinja",
             "{% for m in messages %}<\u00e9>{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}"
             "{% if add_generation_prompt %}!{% endif %}");
  const ChatTemplate form(folder.place.path());
  CHECK(form.marks_generation());
  const Rendering made = form.rendering(hello, true);
  CHECK(made.text == "<\u00e9>Hi!");
  CHECK(made.generated == std::vector<std::pair<size_t, size_t>>{{4, 6}});
  CHECK(form.rendering(hello, false).text == "<\u00e9>Hi");
}

TEST_CASE("A template sees the special tokens, the messages and what else the conversation says", "[text]") {
  const Folder folder;
  folder.write("special_tokens_map.json", {{"bos_token", "<old>"}, {"pad_token", "<pad>"}});
  folder.write(
      "tokenizer_config.json",
      {{"bos_token", {{"content", "<s>"}}},
       {"eos_token", nullptr},
       {"chat_template",
        "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ messages[0].content }}{{ add_generation_prompt }}{{ tools is none }}{{ mood }}"}});
  CHECK(folder.rendered() == "<s><pad>HiFalseTrue");
  Json more = hello;
  more["add_generation_prompt"] = true;
  more["mood"] = "!";
  CHECK(folder.rendered(more) == "<s><pad>HiTrueTrue!");
}

TEST_CASE("A template tells the day that it is set to, else today", "[text]") {
  const Folder folder;
  folder.write("tokenizer_config.json", {{"chat_template", "{{ strftime_now('%Y-%m-%d') }}"}});
  ChatTemplate form(folder.place.path());
  CHECK(form.render(hello) == today());
  form.set_day("2024-02-29", "day");
  CHECK(form.render(hello) == "2024-02-29");
  CHECK(form.day_shown() == "2024-02-29");
  folder.write("tokenizer_config.json", {{"chat_template", "no day"}});
  CHECK(ChatTemplate(folder.place.path()).day_shown().empty());
  for (const char* day : {"", "2024-2-9", "29 Feb 2024", "2024-13-01", "2024-02-29x"})
    CHECK_THAT(test::input_error([&] { form.set_day(day, "chat_day"); }), Contains("chat_day: found"));
}

TEST_CASE("What is no template and no conversation is refused", "[text]") {
  const Folder folder;
  folder.write("tokenizer_config.json", {{"chat_template", 5}});
  CHECK_THAT(folder.refusal(), Contains("tokenizer_config.json: key \"chat_template\": found 5"));
  folder.write("tokenizer_config.json", {{"chat_template", "{% if %}"}});
  CHECK_THAT(folder.refusal(), Contains("chat_template \"default\": line 1"));
  folder.write("tokenizer_config.json", {{"chat_template", "{{ messages }}"}});
  CHECK_THAT(folder.refusal(Json::array()), Contains("expected an object with \"messages\""));
  CHECK_THAT(folder.refusal({{"messages", "Hi"}}), Contains("expected an object with \"messages\""));
}

}  // namespace
}  // namespace hyplora
