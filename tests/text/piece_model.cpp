// sentencepiece's module: loaded with its own symbols first.
#include "text/piece_model.h"

#include <dlfcn.h>

#include "io/files.h"
#include "support/support.h"

namespace hyplora {
namespace {

TEST_CASE("Loading sentencepiece leaves the flags of LibTorch's c10 as they are", "[text]") {
  const auto model = open_piece_model(read_file(test::in_source("data/model/tokenizer.model")));
  REQUIRE(model != nullptr);
  CHECK(model->size() == 768);
  // sentencepiece's own variable of this name is an object of 32 bytes, which begins with a pointer; c10's is one int, 0 to 3.
  const void* flag = ::dlsym(RTLD_DEFAULT, "FLAGS_minloglevel");
  REQUIRE(flag != nullptr);
  const int level = *static_cast<const int*>(flag);
  CHECK(level >= 0);
  CHECK(level <= 3);
}

TEST_CASE("Texts longer than a short string come back whole from sentencepiece's module", "[text]") {
  const auto model = open_piece_model(read_file(test::in_source("data/model/tokenizer.model")));
  REQUIRE(model != nullptr);
  std::string text = "Tom has 3 apples", back;
  for (int i = 0; i < 20; ++i) text += " and Tom has 3 apples";
  std::vector<int> ids;
  CHECK(model->encode(text, ids).empty());
  CHECK(model->decode(ids, back).empty());
  CHECK(back == text);
}

}  // namespace
}  // namespace hyplora
