// Errors that reach the user: one plain sentence and the exit code of the programs' contract.
//
// InputError  bad usage, config or input file; its owner can repair it            exit code 2
// RunError    the run itself failed: non-finite loss, disk full, out of memory    exit code 1
//
// The sentence names the file, the key or tensor, what was found and what was expected.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace hyplora {

class Error : public std::runtime_error {
 public:
  int exit_code() const { return exit_code_; }

 protected:
  Error(const std::string& sentence, int exit_code) : std::runtime_error(sentence), exit_code_(exit_code) {}

 private:
  int exit_code_;
};

class InputError : public Error {
 public:
  template <class... Args>
  explicit InputError(fmt::format_string<Args...> sentence, Args&&... args)
      : Error(fmt::format(sentence, std::forward<Args>(args)...), 2) {}
};

class RunError : public Error {
 public:
  template <class... Args>
  explicit RunError(fmt::format_string<Args...> sentence, Args&&... args)
      : Error(fmt::format(sentence, std::forward<Args>(args)...), 1) {}
};

}  // namespace hyplora
