// Fuzzes generation_config.json beside a config.json that is right.
#include "fuzz.h"
#include "model/spec.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string config =
      R"({"model_type":"llama","vocab_size":64,"hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,"num_attention_heads":4})";
  fuzz::file_with("config.json", reinterpret_cast<const uint8_t*>(config.data()), config.size());
  return fuzz::run([&] { read_model_spec(fuzz::file_with("generation_config.json", data, size).parent_path()); });
}
