// prompt_template.json: what an adapter's folder (or a checkpoint that was trained as a whole) says of the texts that it learnt
// from, so that it is asked as it was taught. It is a template file (data/prompt.h) with more keys:
//
//   name, hash          the template's name or file at training, and SHA-256 of all that it says
//   train_on_inputs     whether the prompt carried loss; for a chat template chat_loss instead: which turns did
//   day                 with a chat template: what its strftime_now told
//   special_tokens      {"bos": id, "eos": id}, which stood around the texts; null where there was none
#pragma once

#include "data/prompt.h"

namespace hyplora {

constexpr const char* prompt_record_file = "prompt_template.json";

Json prompt_record(const PromptTemplate& prompt, bool train_on_inputs, const Tokenizer& tokenizer);

/// The template that a folder's record stands for: a built-in name, else the record's path. Nothing where there is no record, or no folder is named.
/// InputError when it cannot be read.
std::optional<std::string> recorded_template(const fs::path& folder);

/// Copies the record, where there is one, to what is made of `from`.
void carry_prompt_record(const fs::path& from, const fs::path& to);

/// The template to use: as told, with a warning where the adapters learnt another; else what they learnt; else what the model's
/// folder says; else `otherwise`. InputError: the adapters learnt different ones and nothing is told.
std::string choose_template(const std::optional<std::string>& told, const std::vector<std::string>& adapters,
                            const std::string& model, const std::string& otherwise);

}  // namespace hyplora
