// Fuzzes --set name=value for a field of every type.
#include "core/fields.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  int64_t steps = 1;
  double rate = 1;
  bool quiet = false;
  std::string name;
  std::vector<std::string> names;
  StringOrList either;
  Fields fields = Fields()
                      .add("steps", steps, "a count", between(1, 1000))
                      .add("rate", rate, "a number", above(0))
                      .add("quiet", quiet, "a switch")
                      .add("name", name, "a text", one_of({"a", "b"}))
                      .add("names", names, "texts")
                      .add("either", either, "a text or several");
  return fuzz::run([&] {
    fields.read_assignment({reinterpret_cast<const char*>(data), size});
    if (steps < 1 || steps > 1000 || !(rate > 0)) __builtin_trap();
    fields.values();
  });
}
