// What the fuzz targets share: a folder whose file holds the fuzzer's bytes, and the one exception that bad input may raise.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.h"

namespace hyplora::fuzz {

/// A folder of this process, made once; its file `name` holds the bytes.
inline std::filesystem::path file_with(const std::string& name, const uint8_t* data, size_t size) {
  static const std::filesystem::path folder = [] {
    const auto place = std::filesystem::temp_directory_path() / ("hyplora-fuzz-" + std::to_string(::getpid()));
    std::filesystem::create_directories(place);
    return place;
  }();
  std::ofstream(folder / name, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  return folder / name;
}

/// Runs the parser; an InputError is the right answer to bad input, anything else is a finding.
template <class Parse>
int run(Parse parse) {
  try {
    parse();
  } catch (const InputError&) {
  }
  return 0;
}

}  // namespace hyplora::fuzz
