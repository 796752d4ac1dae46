// The memory behind support/pretend_device.h: the devices', and the host's that they read by themselves.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Allocator.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

namespace hyplora::test {

constexpr int device_count = 2;
constexpr size_t page = 4096;
constexpr int64_t arena_bytes = int64_t{4} << 30;  // address space, not memory

/// A device's memory: pages that can be touched only while it is open.
class Arena {
 public:
  Arena()
      : begin_(
            static_cast<char*>(::mmap(nullptr, arena_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {}

  void open() {
    const std::lock_guard lock(mutex_);
    if (depth_++ == 0) protect(PROT_READ | PROT_WRITE);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    if (--depth_ == 0) protect(PROT_NONE);
  }

  char* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const size_t size = std::max(page, (bytes + page - 1) / page * page);
    TORCH_CHECK_WITH(OutOfMemoryError, in_use_ + static_cast<int64_t>(size) <= most_, "pretend device out of memory.");
    char* block = found(size);
    sizes_[block] = size;
    in_use_ += static_cast<int64_t>(size);
    peak_ = std::max(peak_, in_use_);
    return block;
  }
  void give_back(char* block) {
    const std::lock_guard lock(mutex_);
    in_use_ -= static_cast<int64_t>(sizes_[block]);
    spare_.emplace(sizes_[block], block);
  }
  bool owns(const char* block) const { return block >= begin_ && block < begin_ + arena_bytes; }
  /// Room beyond what is in use.
  void limit(int64_t bytes) { most_ = bytes < 0 ? arena_bytes : in_use_ + bytes; }
  int64_t in_use() const { return in_use_; }
  int64_t peak() const { return peak_; }

 private:
  void protect(int protection) { ::mprotect(begin_, used_, protection); }

  char* found(size_t size) {
    if (const auto spare = spare_.find(size); spare != spare_.end()) {
      char* block = spare->second;
      spare_.erase(spare);
      return block;
    }
    TORCH_CHECK_WITH(OutOfMemoryError, used_ + size <= size_t{arena_bytes}, "pretend device out of addresses.");
    char* block = begin_ + used_;
    used_ += size;
    if (depth_ > 0) protect(PROT_READ | PROT_WRITE);
    return block;
  }

  std::mutex mutex_;
  char* begin_;
  size_t used_ = page;
  int depth_ = 0;
  std::multimap<size_t, char*> spare_;
  std::map<char*, size_t> sizes_;
  int64_t in_use_ = 0, peak_ = 0, most_ = arena_bytes;
};

/// Of device 0 or 1.
Arena& arena(c10::DeviceIndex device);

/// An operation: all memory is open, as LibTorch sees to the devices itself. Its own steps on the CPU are not counted.
class Operation {
 public:
  Operation() {
    ++under_way();
    for (c10::DeviceIndex i = 0; i < device_count; ++i) arena(i).open();
  }
  ~Operation() {
    for (c10::DeviceIndex i = 0; i < device_count; ++i) arena(i).close();
    --under_way();
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  static bool is_under_way() { return under_way() > 0; }

 private:
  static std::atomic<int>& under_way();
};

/// Host memory that a device reads by itself; from other memory a copy to the device blocks whatever was asked for.
class PinnedAllocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* block = std::malloc(std::max<size_t>(1, bytes));
    const std::lock_guard lock(mutex());
    blocks()[block] = bytes;
    return {block, block, &free_block, c10::Device(at::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
  static bool owns(const void* data) {
    const std::lock_guard lock(mutex());
    const auto after = blocks().upper_bound(const_cast<void*>(data));
    if (after == blocks().begin()) return false;
    const auto& [block, bytes] = *std::prev(after);
    return data < static_cast<const char*>(block) + bytes;
  }

 private:
  static void free_block(void* block) {
    const std::lock_guard lock(mutex());
    blocks().erase(block);
    std::free(block);
  }
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  static std::map<void*, size_t>& blocks() {
    static auto* all = new std::map<void*, size_t>;
    return *all;
  }
};

}  // namespace hyplora::test
