// What a file may be turned into: every value of a JSON document in turn replaced by one of another type or size, missing or twice,
// and the bytes cut, flipped or foreign.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace hyplora::test {

struct Mutant {
  std::string what, bytes;
  bool wrong_type = false;  // a value of a type that nobody means, so that a result that it changes is wrong
};

/// Of a JSON document.
std::vector<Mutant> json_mutants(const std::string& text);
/// Of a document a line; the other lines stay.
std::vector<Mutant> lines_mutants(const std::string& text);
/// Of the header, with its length and the tensors' bytes put right around it, and of the bytes.
std::vector<Mutant> safetensors_mutants(const std::string& bytes);
/// Of a file of whatever kind: cuts, flipped and foreign bytes.
std::vector<Mutant> byte_mutants(const std::string& bytes);

/// `count` of them, the same for the same list; all of them where it is 0.
std::vector<Mutant> sample(std::vector<Mutant> all, size_t count);

}  // namespace hyplora::test
