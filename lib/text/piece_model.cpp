#include "text/piece_model.h"

#include <dlfcn.h>

#include "core/error.h"

namespace hyplora {
namespace {

constexpr const char* module_file = "libhyplora-sentencepiece.so";  // found where the program's own run path leads

/// Its own symbols first: else the program's, c10's among them, would take the place of its variables.
#ifdef HYPLORA_SANITIZED  // the address sanitizer refuses to load anything so
constexpr int scope = RTLD_LOCAL;
#else
constexpr int scope = RTLD_LOCAL | RTLD_DEEPBIND;
#endif

NewPieceModel load_module() {
  void* module = ::dlopen(module_file, RTLD_NOW | scope);
  void* symbol = module != nullptr ? ::dlsym(module, piece_model_symbol) : nullptr;
  if (symbol == nullptr) throw RunError("tokenizer.model cannot be read without {}: {}.", module_file, ::dlerror());
  return reinterpret_cast<NewPieceModel>(symbol);
}

}  // namespace

std::unique_ptr<PieceModel> open_piece_model(const std::string& bytes) {
  static const NewPieceModel make = load_module();
  return std::unique_ptr<PieceModel>(make(bytes.data(), bytes.size()));
}

}  // namespace hyplora
