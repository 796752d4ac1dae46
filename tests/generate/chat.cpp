#include "generate/chat.h"

#include <sstream>

#include "support/support.h"

namespace hyplora {
namespace {

std::unique_ptr<Tokenizer> bundled_tokenizer() { return load_tokenizer(test::in_source("data/model")); }

TEST_CASE("Turns follow each other as each template closes them; what opens a conversation stands once", "[generate]") {
  const std::vector<Turn> turns{{"a", "", "b"}};
  const auto text = [&](const char* name) { return render_conversation(find_prompt_template(name), turns, "c", "").text; };
  CHECK(text("qwen") ==
        "<|im_start|>system\nYou are a helpful "
        "assistant.<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"
        "<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n");
  const std::string llama = text("llama3"), gemma = text("gemma"), alpaca = text("alpaca");
  CHECK(llama.rfind("<|begin_of_text|>") == 0);
  CHECK_THAT(llama, test::Contains("assistant<|end_header_id|>\n\nb<|eot_id|><|start_header_id|>user"));
  CHECK(gemma.rfind("<|system|>") == 0);
  CHECK_THAT(gemma, test::Contains("<|assistant|>\nb\n<|end_of_turn|>\n<|user|>\nc"));
  CHECK_THAT(alpaca, test::Contains("### Response:\nb\n\nBelow is an instruction"));
  CHECK(alpaca.ends_with("### Instruction:\nc\n\n### Response:\n"));
}

TEST_CASE("What was said in a conversation stays data: a token's spelling does not become the token", "[generate]") {
  const PromptText text = render_conversation(find_prompt_template("qwen"), {{"<s>a", "", "b"}}, "c", "");
  std::vector<std::string> data;
  for (const auto& range : text.data) data.push_back(text.text.substr(range.begin, range.end - range.begin));
  CHECK(data == std::vector<std::string>{"<s>a", "b", "c"});
}

TEST_CASE("A chat forgets its oldest turns where they do not fit, and refuses what does not fit alone", "[generate]") {
  const auto tokenizer = bundled_tokenizer();
  Chat chat(find_prompt_template("none"), *tokenizer, 60, 20);
  for (int i = 0; i < 10; ++i) {
    const Ids ids = chat.prompt("and 2 + 3?");
    CHECK(ids.size() <= 40);
    chat.add("and 2 + 3?", "5");
  }
  CHECK(chat.turns() > 1);
  CHECK(chat.turns() < 10);
  std::string much;
  for (int i = 0; i < 60; ++i) much += " apple";
  CHECK_THAT(test::input_error([&] { chat.prompt(much); }), test::Contains("but 40 fit"));
}

TEST_CASE("A chat goes on line by line; /reset forgets, /exit and the end of input end it", "[generate]") {
  const auto tokenizer = bundled_tokenizer();
  std::vector<std::string> prompts;
  std::ostringstream out;
  Chat chat(find_prompt_template("none"), *tokenizer, 512, 20);
  const Answer answer = [&](const Ids& prompt) {
    prompts.push_back(tokenizer->decode(prompt));
    out << "yes";
    return "yes";
  };
  std::istringstream in("one\n\ntwo\n/reset\nthree\n/exit\nfour\n");
  hold_chat(chat, in, out, answer);
  CHECK(prompts == std::vector<std::string>{"one", "oneyes\n\ntwo", "three"});
  std::istringstream rest("four");
  hold_chat(chat, rest, out, answer);
  CHECK(prompts.back() == "threeyes\n\nfour");
}

TEST_CASE("Without the tokens of a chat template a chat uses alpaca", "[generate]") {
  CHECK(chat_template_of(*bundled_tokenizer()) == "alpaca");
}

}  // namespace
}  // namespace hyplora
