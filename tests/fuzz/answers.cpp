// Fuzzes the reading of completions and gold answers, of every benchmark. Completions are valid UTF-8: decoding sees to that.
#include "core/fields.h"
#include "eval/tasks.h"
#include "fuzz.h"

using namespace hyplora;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::string text = Json::parse(Json(bytes).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
  const size_t end = text.find('\n');
  Row row;
  row.instruction = text;
  row.answer = text.substr(0, end);
  const std::string completion = end == text.npos ? text : text.substr(end + 1);
  for (const auto& name : task_names()) {
    const Task& task = find_task(name);
    if (task.measures_loss()) continue;
    fuzz::run([&] {
      check_gold(task, row);
      judge(task, row, completion);
      judge_strictly(task, row, completion);
    });
    fuzz::run([&] { alternatives_of(task, row); });
  }
  return 0;
}
