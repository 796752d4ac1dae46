// safetensors: 8 bytes little-endian header length, a JSON header, the tensors' bytes.
// Format: https://github.com/huggingface/safetensors#format
//
// Reading maps the file; a tensor is a view of the map until somebody converts it. The header is checked whole before any use:
// its size, the types, shapes x type = bytes, ranges in order without gap or overlap, no name twice, nothing past the end.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/files.h"

namespace hyplora {

struct TensorInfo {
  std::string dtype;  // as the format spells it: F32, BF16, ...
  std::vector<int64_t> shape;
  size_t begin = 0, end = 0;  // bytes in the file
};

class Safetensors {
 public:
  /// InputError names the file and what is wrong with it.
  static Safetensors open(const fs::path& path);

  const fs::path& path() const { return path_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool contains(const std::string& name) const { return tensors_.count(name) != 0; }

  /// A view of the mapped bytes, alive as long as the tensor; never write to it. InputError when the name is missing.
  at::Tensor tensor(const std::string& name) const;
  /// Bytes [begin, begin + size) of the file, which must hold them.
  std::string bytes(size_t begin, size_t size) const;
  /// Lets a tensor's pages go once its values have been copied elsewhere.
  void release(const std::string& name) const;

 private:
  void read_header();

  fs::path path_;
  std::shared_ptr<MappedFile> file_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Writes the tensors, whose names differ, in the given order, aside and renamed. RunError when the disk refuses.
void write_safetensors(const fs::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace hyplora
