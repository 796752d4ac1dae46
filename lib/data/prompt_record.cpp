#include "data/prompt_record.h"

#include "core/error.h"
#include "core/log.h"

namespace hyplora {
namespace {

Json id_or_null(const std::optional<int64_t>& id) { return id ? Json(*id) : Json(nullptr); }

/// A folder and the template that it was taught with.
struct Taught {
  std::string folder, form;
};

std::optional<Taught> first_taught(const std::vector<std::string>& folders) {
  for (const auto& folder : folders) {
    if (const auto form = recorded_template(folder)) return Taught{folder, *form};
  }
  return std::nullopt;
}

bool differ(const std::string& a, const std::string& b, const std::string& model) {
  return template_hash(find_prompt_template(a, model)) != template_hash(find_prompt_template(b, model));
}

void require_one_template(const Taught& first, const std::vector<std::string>& adapters, const std::string& model) {
  for (const auto& adapter : adapters) {
    const auto form = recorded_template(adapter);
    if (!form || !differ(*form, first.form, model)) continue;
    throw InputError("{} was trained with template {}, {} with {}; give --template, or use them in runs of their own.",
                     first.folder, first.form, adapter, *form);
  }
}

}  // namespace

Json prompt_record(const PromptTemplate& prompt, bool train_on_inputs, const Tokenizer& tokenizer) {
  Json record = template_json(prompt);
  record["name"] = prompt.name;
  record["hash"] = template_hash(prompt);
  record["train_on_inputs"] = train_on_inputs;
  record["special_tokens"] = {{"bos", id_or_null(tokenizer.bos())}, {"eos", id_or_null(tokenizer.eos())}};
  return record;
}

std::optional<std::string> recorded_template(const fs::path& folder) {
  const fs::path file = folder / prompt_record_file;
  if (folder.empty() || !fs::is_regular_file(file)) return std::nullopt;
  const std::string hash = template_hash(find_prompt_template(file));
  for (const auto& name : prompt_template_names()) {
    if (name == chat_template_name) continue;  // a model's own: the record holds it
    if (template_hash(find_prompt_template(name)) == hash) return name;
  }
  return file.string();
}

void carry_prompt_record(const fs::path& from, const fs::path& to) {
  if (fs::is_regular_file(from / prompt_record_file)) write_file(to / prompt_record_file, read_file(from / prompt_record_file));
}

std::string choose_template(const std::optional<std::string>& told, const std::vector<std::string>& adapters,
                            const std::string& model, const std::string& otherwise) {
  auto taught = first_taught(adapters);
  if (!told && taught) require_one_template(*taught, adapters, model);
  if (!taught) taught = first_taught({model});
  if (!told) return taught ? taught->form : otherwise;
  if (taught && differ(*told, taught->form, model))
    log::warn("{} was trained with template {}, but --template says {}", taught->folder, taught->form, *told);
  return *told;
}

}  // namespace hyplora
