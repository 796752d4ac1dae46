// How one prompt's completion grows: what goes through the model next, and what its logits make of it.
#pragma once

#include <memory>

#include "generate/decode.h"

namespace hyplora {

/// A new token: it continues the token in slot `parent` of the tree, -1 being the prompt's last.
struct TreeToken {
  int64_t id;
  int64_t parent;
};

class Search {
 public:
  virtual ~Search() = default;
  /// Takes the logits [n, vocab_size] fp32 on the CPU after the last n tokens; returns those that go through the model next, in
  /// slots that are numbered on; none when the search is done.
  virtual std::vector<TreeToken> advance(const at::Tensor& logits) = 0;
  virtual std::vector<Completion> result() const = 0;
};

/// `options` and `control` must outlive it. `room`: how many new tokens fit. `number`: the prompt's, which with the
/// seed fixes its random numbers.
std::unique_ptr<Search> make_search(const DecodeOptions& options, const DecodeControl& control, const Ids& prompt, int64_t room,
                                    size_t number);

}  // namespace hyplora
