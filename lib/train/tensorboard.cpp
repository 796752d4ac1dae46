#include "train/tensorboard.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>

#include "core/error.h"

namespace hyplora {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

// Protobuf fields: key = number << 3 | wire type (0 varint, 1 64-bit, 2 length-delimited, 5 32-bit).
std::string field_double(int number, double value) { return varint(static_cast<uint64_t>(number << 3 | 1)) + raw(value); }
std::string field_float(int number, float value) { return varint(static_cast<uint64_t>(number << 3 | 5)) + raw(value); }
std::string field_int(int number, int64_t value) {
  return varint(static_cast<uint64_t>(number << 3)) + varint(static_cast<uint64_t>(value));
}
std::string field_bytes(int number, const std::string& value) {
  return varint(static_cast<uint64_t>(number << 3 | 2)) + varint(value.size()) + value;
}

uint32_t masked_crc(const std::string& bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace

uint32_t crc32c(const std::string& bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> made{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0u);
      made[i] = crc;
    }
    return made;
  }();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = (crc >> 8) ^ table[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return ~crc;
}

TensorBoardWriter::TensorBoardWriter(const fs::path& folder) {
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("events.out.tfevents.") && name.find(".hyplora.") != std::string::npos)
      fs::remove(entry.path(), ignored);
  }
  file_.emplace(folder / fmt::format("events.out.tfevents.{}.hyplora.{}", static_cast<int64_t>(now()), ::getpid()));
  write_record(field_double(1, now()) + field_bytes(3, "brain.Event:2"));
}

void TensorBoardWriter::scalar(const std::string& tag, double value, int64_t step) {
  const std::string summary = field_bytes(1, field_bytes(1, tag) + field_float(2, static_cast<float>(value)));
  write_record(field_double(1, now()) + field_int(2, step) + field_bytes(5, summary));
}

void TensorBoardWriter::write_record(const std::string& event) {
  const std::string length = raw(static_cast<uint64_t>(event.size()));
  file_->append(length + raw(masked_crc(length)) + event + raw(masked_crc(event)));
}

}  // namespace hyplora
