// What a program says of bad input.
#pragma once

#include <algorithm>

#include "support/support.h"

namespace hyplora::test {

/// One sentence on stderr that starts with "error: ", and no more lines.
inline void check_sentence(const Ran& ran, int status, const std::string& part) {
  INFO("stderr: " << ran.err);
  CHECK(ran.status == status);
  CHECK_THAT(ran.err, Contains(part));
  const std::string last = ran.err.substr(ran.err.rfind("error: ") == std::string::npos ? 0 : ran.err.rfind("error: "));
  CHECK(last.starts_with("error: "));
  CHECK(std::count(last.begin(), last.end(), '\n') == 1);
  CHECK_THAT(ran.err, !Contains("Exception raised from"));
}

}  // namespace hyplora::test
