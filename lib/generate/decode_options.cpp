#include "generate/decode_options.h"

#include <algorithm>

#include "core/error.h"

namespace hyplora {

Fields decode_fields(DecodeOptions& o) {
  Fields fields;
  fields.add("max_new_tokens", o.max_new_tokens, "a completion's length at most", between(1, 1 << 24))
      .add("batch_size", o.batch_size, "prompts in the model at a time", between(1, 1 << 16))
      .changes_nothing()
      .add("beams", o.beams, "beam search with so many beams (1: greedy)", between(1, 1024))
      .add("length_penalty", o.length_penalty, "beams: scores are divided by tokens^P", between(-100, 100))
      .add("early_stopping", o.early_stopping, "beams: stop as soon as all beams have ended")
      .add("temperature", o.temperature, "0: the most likely; else sampling", between(0, 1000))
      .add("top_k", o.top_k, "sampling: among the K most likely (0: all)", between(0, 1 << 30))
      .add("top_p", o.top_p, "sampling: among the fewest whose probabilities reach P", above_to(0, 1))
      .add("repetition_penalty", o.repetition_penalty, "divides the logits of tokens that were there already",
           above_to(0, 1000))
      .add("seed", o.seed, "of sampling")
      .require_that([&o] {
        if (o.beams > 1 && o.temperature != 0)
          throw InputError("temperature: found {}, expected 0 with several beams.", o.temperature);
        if (o.best < 1 || o.best > o.beams)
          throw InputError("best: found {}, expected 1 to the number of beams ({}).", o.best, o.beams);
      });
  return fields;
}

std::string decoding_text(const DecodeOptions& o) {
  if (o.beams > 1) return "beam search";
  return o.temperature > 0 ? "sampling" : "greedy";
}

void check(const DecodeOptions& options) {
  DecodeOptions copy = options;
  decode_fields(copy).check();
}

Fields stop_fields(std::vector<std::string>& stops) {
  const auto none_empty = [](const Json& v) {
    return std::none_of(v.begin(), v.end(), [](const Json& text) { return text == ""; });
  };
  return Fields().add("stop", stops,
                      "a completion ends before this text; may be given several times (beams: their text is cut)",
                      {none_empty, "texts that are not empty"});
}

}  // namespace hyplora
