#include "io/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "core/error.h"

namespace hyplora {
namespace {

constexpr size_t always_allowed = size_t{64} << 20, most_times = 64;

class Inflater {
 public:
  explicit Inflater(const std::string& file) : file_(file) {
    constexpr int gzip_windows = 15 + 16;
    if (::inflateInit2(&stream_, gzip_windows) != Z_OK) throw RunError("{}: cannot be unpacked: no memory.", file);
  }
  ~Inflater() { ::inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Unpacks one member from the front of `bytes`, which loses it.
  void member(std::string_view& bytes, std::string& out, size_t limit) {
    ::inflateReset(&stream_);
    for (int state = Z_OK; state != Z_STREAM_END;) {
      const size_t given = std::min<size_t>(bytes.size(), std::numeric_limits<uInt>::max());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // which zlib only reads
      stream_.avail_in = static_cast<uInt>(given);
      stream_.next_out = reinterpret_cast<Bytef*>(block_.get());
      stream_.avail_out = block_size;
      state = ::inflate(&stream_, Z_NO_FLUSH);
      bytes.remove_prefix(given - stream_.avail_in);
      out.append(block_.get(), block_size - stream_.avail_out);
      if (out.size() > limit) {
        throw InputError("{}: unpacks to more than {} times its size; unpack it first with: gunzip -k {}", file_, most_times,
                         file_);
      }
      if (state == Z_BUF_ERROR) throw InputError("{}: the gzip file is cut off.", file_);
      if (state != Z_OK && state != Z_STREAM_END) {
        throw InputError("{}: the gzip file is damaged ({}).", file_, stream_.msg ? stream_.msg : "no valid data");
      }
    }
  }

 private:
  static constexpr uInt block_size = 1 << 16;
  const std::string& file_;
  z_stream stream_{};
  std::unique_ptr<char[]> block_ = std::make_unique<char[]>(block_size);
};

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

std::string gunzip(std::string_view bytes, const std::string& file) {
  const size_t limit = always_allowed + most_times * bytes.size();
  Inflater inflater(file);
  std::string out;
  while (is_gzip(bytes)) inflater.member(bytes, out, limit);
  // Zeros may pad the end, as tape drives leave them.
  if (bytes.find_first_not_of('\0') != bytes.npos)
    throw InputError("{}: found {} bytes after the gzip data.", file, bytes.size());
  return out;
}

}  // namespace hyplora
