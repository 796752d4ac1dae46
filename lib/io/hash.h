// SHA-256 (FIPS 180-4) of contents, as `sha256sum` prints it and the Hugging Face hub shows it for large files.
#pragma once

#include <memory>
#include <string>

#include "io/files.h"

struct evp_md_ctx_st;  // OpenSSL's

namespace hyplora {

class Hash {
 public:
  Hash();
  void add(const void* bytes, size_t size);
  void add(std::string_view text) { add(text.data(), text.size()); }
  /// Of what was added so far: 64 hex digits.
  std::string text() const;

 private:
  using Context = std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)>;
  Context context_;
};

/// The hash of a file's bytes. InputError when it cannot be read.
std::string file_hash(const fs::path& path);

}  // namespace hyplora
