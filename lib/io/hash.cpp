#include "io/hash.h"

#include <openssl/evp.h>

#include <array>
#include <sstream>

#include "core/error.h"

namespace hyplora {
namespace {

constexpr size_t name_begins = 64 + 2;  // of a checksum line, after the digits and two blanks

void require(int done) {
  if (done != 1) throw RunError("libcrypto cannot compute SHA-256 here; its configuration may forbid it.");
}

}  // namespace

Hash::Hash() : context_(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free) {
  require(::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr));
}

void Hash::add(const void* bytes, size_t size) { require(::EVP_DigestUpdate(context_.get(), bytes, size)); }

std::string Hash::text() const {
  const Context copy(::EVP_MD_CTX_new(), ::EVP_MD_CTX_free);
  std::array<unsigned char, 32> digest{};
  require(::EVP_MD_CTX_copy_ex(copy.get(), context_.get()));
  require(::EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr));
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

std::string file_hash(const fs::path& path) {
  constexpr size_t piece = size_t{16} << 20;  // let go one by one, so that a large file does not fill the memory
  const auto file = MappedFile::open(path);
  Hash hash;
  for (size_t begin = 0; begin < file->size(); begin += piece) {
    const size_t end = std::min(file->size(), begin + piece);
    hash.add(file->data() + begin, end - begin);
    file->release(begin, end);
  }
  return hash.text();
}

std::string checksum_line(const std::string& hash, const std::string& name) { return hash + "  " + name + "\n"; }

std::string checksum_lines(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) names.insert(entry.path().filename());
  }
  std::string lines;
  for (const auto& name : names) lines += checksum_line(file_hash(folder / name), name);
  return lines;
}

std::set<std::string> listed_names(const fs::path& list) {
  std::set<std::string> names;
  std::istringstream lines(read_file(list));
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > name_begins) names.insert(line.substr(name_begins));
  }
  return names;
}

std::optional<std::string> first_changed(const fs::path& folder, const std::string& list) {
  std::istringstream lines(read_file(folder / list));
  for (std::string line; std::getline(lines, line);) {
    if (line.size() <= name_begins) return list;
    const std::string name = line.substr(name_begins);
    if (!fs::exists(folder / name) || checksum_line(file_hash(folder / name), name) != line + "\n") return name;
  }
  return std::nullopt;
}

}  // namespace hyplora
