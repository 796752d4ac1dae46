// TensorBoard event files: a TFRecord of Event protobufs with scalar summaries.
// Formats: tensorflow/core/lib/io/record_writer.h (length, masked CRC32C, data, masked CRC32C) and event.proto / summary.proto.
#pragma once

#include <optional>
#include <string>

#include "io/files.h"

namespace hyplora {

class TensorBoardWriter {
 public:
  /// Opens a new event file in `folder`, which is made; those of earlier launches there are removed, so that no step shows
  /// twice.
  explicit TensorBoardWriter(const fs::path& folder);
  void scalar(const std::string& tag, double value, int64_t step);

 private:
  void write_record(const std::string& event);
  std::optional<AppendFile> file_;
};

/// CRC-32C (Castagnoli) of the bytes.
uint32_t crc32c(const std::string& bytes);

}  // namespace hyplora
