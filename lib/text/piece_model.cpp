#include "text/piece_model.h"

#include <dlfcn.h>

#include "core/error.h"

namespace hyplora {
namespace {

constexpr const char* module_file = "libhyplora-sentencepiece.so";  // found where the program's own run path leads

/// The module with its own symbols first: else the program's, c10's among them, would take the place of its variables.
void* open_module() {
  constexpr int scope = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#ifdef HYPLORA_SANITIZED
  // The address sanitizer's own dlopen refuses RTLD_DEEPBIND, for a library's memory would go past it, and does not follow the
  // program's run path. The module links the sanitizer itself (CMakeLists.txt), so libc's dlopen does both.
  void* libc = ::dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
  return reinterpret_cast<decltype(&::dlopen)>(::dlsym(libc, "dlopen"))(module_file, scope);
#else
  return ::dlopen(module_file, scope);
#endif
}

NewPieceModel load_module() {
  void* module = open_module();
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
