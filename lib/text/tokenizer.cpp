#include "text/tokenizer.h"

#include "core/error.h"
#include "text/sentencepiece.h"

namespace hyplora {

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw InputError("{}: is not a folder; expected a checkpoint folder.", folder.string());
  if (fs::exists(folder / "tokenizer.model")) return load_sentencepiece(folder);
  const bool has_json = fs::exists(folder / "tokenizer.json");
  throw InputError("{}: {}, expected tokenizer.model (sentencepiece).", folder.string(),
                   has_json ? "found only tokenizer.json, which is not supported" : "no tokenizer is there");
}

}  // namespace hyplora
