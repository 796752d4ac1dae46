// SHA-256 (FIPS 180-4) of contents, as `sha256sum` prints it and the Hugging Face hub shows it for large files.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "io/files.h"

struct evp_md_ctx_st;  // OpenSSL's

namespace hyplora {

class Hash {
 public:
  Hash();
  void add(const void* bytes, size_t size);
  void add(std::string_view text) { add(text.data(), text.size()); }
  /// The hash of what was added so far: 64 hex digits.
  std::string text() const;

 private:
  using Context = std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)>;
  Context context_;
};

/// The hash of a file's bytes. InputError when it cannot be read.
std::string file_hash(const fs::path& path);

/// What sha256sum prints for a file of this name: "<sha256>  <name>\n".
std::string checksum_line(const std::string& hash, const std::string& name);
/// checksum_line for all files of a folder, in the order of their names.
std::string checksum_lines(const fs::path& folder);
/// The file names in such a list; lines that are none are left out.
std::set<std::string> listed_names(const fs::path& list);
/// What `sha256sum -c LIST` finds in the folder: the first file of the list, itself a file there, that is missing or has other
/// content; the list's own name where a line of it is none of these.
std::optional<std::string> first_changed(const fs::path& folder, const std::string& list);

}  // namespace hyplora
