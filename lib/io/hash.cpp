#include "io/hash.h"

#include <openssl/evp.h>

#include <array>

#include "core/error.h"

namespace hyplora {
namespace {

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

}  // namespace hyplora
