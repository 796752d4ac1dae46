#include "data/prompt_record.h"

#include "support/support.h"

namespace hyplora {
namespace {

using test::Contains;

struct Folders {
  /// A folder whose adapter learnt the template.
  std::string taught(const std::string& name, const std::string& form) const {
    const auto tokenizer = load_tokenizer(test::in_source("data/model"));
    fs::create_directories(place / name);
    write_file(place / name / prompt_record_file, prompt_record(find_prompt_template(form), true, *tokenizer).dump());
    return (place / name).string();
  }
  std::string untaught(const std::string& name) const {
    fs::create_directories(place / name);
    return (place / name).string();
  }
  test::TempFolder place;
};

TEST_CASE("A recorded template is the one that was trained with, built in or of a file", "[data]") {
  const Folders folders;
  for (const auto& name : prompt_template_names()) {
    if (name != chat_template_name) CHECK(recorded_template(folders.taught(name + "_folder", name)) == name);
  }
  const fs::path file = folders.place / "own.json";
  write_file(file,
             R"({"prompt_input": "Q {instruction} {input} A ", "prompt_no_input": "Q {instruction} A ", "after_output": "!"})");
  const std::string folder = folders.taught("own", file.string());
  fs::remove(file);  // the record needs nothing else
  CHECK(recorded_template(folder) == folder + "/prompt_template.json");
  CHECK(render_example(find_prompt_template(*recorded_template(folder)), "x", "", "y").text == "Q x A y!");
  CHECK_FALSE(recorded_template(folders.untaught("none")));
  CHECK_FALSE(recorded_template(""));  // no adapter, whatever lies in the current folder
}

TEST_CASE("A chat template is recorded whole, so that another model folder's does not matter", "[data]") {
  const Folders folders;
  const std::string model = folders.untaught("model"), adapter = folders.untaught("adapter");
  write_file(fs::path(model) / "chat_template.jinja", "{{ messages[0].content }} then");
  const auto tokenizer = load_tokenizer(test::in_source("data/model"));
  write_file(fs::path(adapter) / prompt_record_file,
             prompt_record(find_prompt_template("chat", model), true, *tokenizer).dump());
  CHECK(choose_template("chat", {adapter}, model, "alpaca") == "chat");
  write_file(fs::path(model) / "chat_template.jinja", "other");
  const std::string form = choose_template({}, {adapter}, model, "alpaca");
  CHECK(form == (fs::path(adapter) / prompt_record_file).string());
  CHECK(render_prompt(find_prompt_template(form, model), "a", "").text == "a then");
}

TEST_CASE("What the adapters learnt is the default, then what the model learnt, then the program's", "[data]") {
  const Folders folders;
  const std::string qwen = folders.taught("a", "qwen"), gemma = folders.taught("b", "gemma"), plain = folders.untaught("c");
  CHECK(choose_template({}, {qwen}, plain, "alpaca") == "qwen");
  CHECK(choose_template({}, {"none", plain, qwen}, gemma, "alpaca") == "qwen");
  CHECK(choose_template({}, {plain}, gemma, "alpaca") == "gemma");
  CHECK(choose_template({}, {}, plain, "alpaca") == "alpaca");
  CHECK(choose_template("llama3", {qwen, gemma}, plain, "alpaca") == "llama3");
  CHECK_THAT(test::input_error([&] {
               choose_template({}, {qwen, gemma}, plain, "alpaca");
             }),
             Contains("was trained with template qwen") && Contains("with gemma"));
}

TEST_CASE("A record goes with what is made of its folder", "[data]") {
  const Folders folders;
  const std::string from = folders.taught("a", "qwen"), to = folders.untaught("b");
  carry_prompt_record(folders.untaught("c"), to);
  CHECK_FALSE(recorded_template(to));
  carry_prompt_record(from, to);
  CHECK(recorded_template(to) == "qwen");
}

TEST_CASE("A record that was damaged is refused by file and key", "[data]") {
  const Folders folders;
  const std::string folder = folders.taught("a", "qwen");
  for (const auto& [key, value] : std::map<std::string, Json>{
           {"tokens", 5}, {"opening", "no beginning"}, {"strips", "yes"}, {"prompt_input", nullptr}, {"turn_end", 1}}) {
    Json record = read_json(fs::path(folder) / prompt_record_file);
    record[key] = value;
    write_file(folders.place / "odd.json", record.dump());
    CHECK_THAT(test::input_error([&] { find_prompt_template((folders.place / "odd.json").string()); }),
               Contains("odd.json") && Contains(key));
  }
}

}  // namespace
}  // namespace hyplora
