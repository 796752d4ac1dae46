#include "data/chat_form.h"

#include "data/examples.h"
#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

const char* chatml =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
// Drops what was thought in all turns of the assistant but the last, and opens the last with an empty thought.
const char* thinking =
    "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' %}"
    "{% set said = m.content.split('</think>')[-1] %}{% if loop.last %}<think></think>{% endif %}{{ said | trim }}"
    "{% else %}{{ m.content }}{% endif %}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";
const char* bracketed =
    "{{ '<s>' }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% elif m.role == 'assistant' %} "
    "{{ m.content }}</s>{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}";
// Numbers the turns of the whole conversation at its head, so that no part of it is a beginning of it.
const char* counting = "{{ messages | length }}: {% for m in messages %}{{ m.role }}: {{ m.content | trim }};{% endfor %}";

ChatForm form_of(const char* source) { return ChatForm(ChatTemplate(Json{{"chat_template", source}}, "t.json")); }

Json turns(const std::vector<std::pair<std::string, std::string>>& said) {
  Json messages = Json::array();
  for (const auto& [role, content] : said) messages.push_back({{"role", role}, {"content", content}});
  return {{"messages", messages}};
}
const Json two_answers = turns({{"user", "1 + 1?"}, {"assistant", "2"}, {"user", "2 + 2?"}, {"assistant", "4"}});

std::vector<std::string> learnt(const char* source, const Json& conversation, const std::string& loss = "assistant") {
  const TaughtText taught = form_of(source).example(conversation, loss);
  std::vector<std::string> parts;
  for (const auto& range : taught.learnt) parts.push_back(taught.text.substr(range.begin, range.end - range.begin));
  return parts;
}
using Parts = std::vector<std::string>;

TEST_CASE("Loss stands on each turn of the assistant, with what closes it", "[data]") {
  CHECK(learnt(chatml, two_answers) == Parts{"2<|im_end|>\n", "4<|im_end|>\n"});
  CHECK(learnt(bracketed, two_answers) == Parts{" 2</s>", " 4</s>"});
  CHECK(learnt(thinking, two_answers) == Parts{"2<|end|>", "<think></think>4<|end|>"});
  CHECK(learnt(counting, two_answers) == Parts{"2;", "4;"});
}

TEST_CASE("Loss stands on the last turn of the assistant, or on the whole text, where that is asked for", "[data]") {
  CHECK(learnt(chatml, two_answers, "last") == Parts{"4<|im_end|>\n"});
  CHECK(learnt(bracketed, two_answers, "all") == Parts{"<s>[INST] 1 + 1? [/INST] 2</s>[INST] 2 + 2? [/INST] 4</s>"});
}

TEST_CASE("White space that a template strips, and what it drops of a turn, carry no loss", "[data]") {
  CHECK(learnt(counting, turns({{"user", " hi "}, {"assistant", "  yes \n"}, {"user", "x"}, {"assistant", ""}})) ==
        Parts{"yes;", ";"});
  CHECK(learnt(thinking,
               turns({{"user", "hi"}, {"assistant", "<think>\nhm\n</think>\nyes"}, {"user", "x"}, {"assistant", "no"}})) ==
        Parts{"yes<|end|>", "<think></think>no<|end|>"});
}

TEST_CASE("What follows the last turn of the assistant is left out; a turn without loss is context", "[data]") {
  Json conversation = two_answers;
  conversation["messages"].push_back({{"role", "user"}, {"content", "and now?"}});
  CHECK(form_of(chatml).example(conversation, "assistant").text.ends_with("4<|im_end|>\n"));
  const TaughtText first = form_of(chatml).example(conversation, "last", {3});
  REQUIRE(first.learnt.size() == 1);
  CHECK_THAT(first.text.substr(first.learnt[0].begin), test::Contains("2<|im_end|>") && !test::Contains("1 + 1"));
  const TaughtText taught = form_of(chatml).example(conversation, "assistant", {1});
  REQUIRE(taught.learnt.size() == 1);
  CHECK(taught.text.substr(taught.learnt[0].begin) == "4<|im_end|>\n");
}

TEST_CASE("A turn that only calls a tool is learnt as the template writes it", "[data]") {
  const char* tools =
      "{% for m in messages %}<{{ m.role }}>{% if m.content %}{{ m.content }}{% endif %}{% for c in m.tool_calls %}"
      "{{ c | tojson }}{% endfor %}</>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
  Json conversation = turns({{"user", "weather?"}, {"tool", "sun"}, {"assistant", "It shines."}});
  Json call{{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {{{"name", "look"}}}}};
  conversation["messages"].insert(conversation["messages"].begin() + 1, call);
  CHECK(learnt(tools, conversation) == Parts{R"({"name": "look"}</>)", "It shines.</>"});
}

TEST_CASE("A template that marks what the assistant says is believed", "[data]") {
  const char* marking =
      "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}</>{% endgeneration %}"
      "\n{% else %}{{ m.content }}\n{% endif %}{% endfor %}";
  CHECK(learnt(marking, two_answers) == Parts{"2</>", "4</>"});
  CHECK(learnt(marking, two_answers, "last") == Parts{"4</>"});
}

TEST_CASE("A conversation without an answer, and one that the template refuses, are refused", "[data]") {
  CHECK_THAT(test::input_error([] { learnt(chatml, turns({{"user", "hi"}})); }), Contains("no message of role \"assistant\""));
  CHECK_THAT(test::input_error([] {
               learnt(bracketed, turns({{"system", "s"}, {"user", "u"}, {"assistant", "a"}}));
             }),
             Contains("Only user and assistant roles"));
  CHECK_THAT(test::input_error([] { learnt("{{ messages | length }}", two_answers); }),
             Contains("message 2: the chat template"));
}

TEST_CASE("What closes a turn is read off the template", "[data]") {
  CHECK(form_of(chatml).turn_end() == "<|im_end|>\n");
  CHECK(form_of(bracketed).turn_end() == "</s>");
  CHECK(form_of("{{ raise_exception('no') }}").turn_end().empty());
}

TEST_CASE("A row of instruction and input is a conversation of one turn; worked examples follow the system message", "[data]") {
  Row row;
  row.instruction = "Add.";
  row.input = "1 2";
  row.output = "3";
  const PromptTemplate form = [] {
    const test::TempFolder folder;
    write_file(folder / "t.json", Json{{"chat_template", chatml}}.dump());
    return find_prompt_template((folder / "t.json").string());
  }();
  CHECK(row_prompt(form, {}, row).text == "<|im_start|>user\nAdd.\n1 2<|im_end|>\n<|im_start|>assistant\n");
  row.conversation = turns({{"system", "s"}, {"user", "u"}, {"assistant", "a"}});
  CHECK(row_prompt(form, {{"q", "", "r"}}, row).text ==
        "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nr<|im_end|>\n"
        "<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n");
}

TEST_CASE("A template and what it stands for survive being written down", "[data]") {
  const test::TempFolder folder;
  write_file(folder / "tokenizer_config.json", Json{{"chat_template", "{{ bos_token }}x"}, {"bos_token", "<s>"}}.dump());
  const PromptTemplate own = find_prompt_template("chat", folder.path());
  write_file(folder / "copy.json", template_json(own).dump());
  const PromptTemplate copy = find_prompt_template((folder / "copy.json").string());
  CHECK(template_hash(own) == template_hash(copy));
  CHECK(render_prompt(copy, "a", "").text == "<s>x");
  CHECK_THAT(test::input_error([&] { find_prompt_template("chat", folder / "none"); }), Contains("no chat template"));
}

}  // namespace
}  // namespace hyplora
