// Hashes that tell one model or adapter from another in reports, and that anybody can compute again with sha256sum.
#pragma once

#include <map>
#include <string>

#include "io/hash.h"

namespace hyplora {

/// File name -> SHA-256 of a checkpoint's or adapter's folder: config.json, adapter_config.json, hyplora.json and every
/// .safetensors file, whole.
std::map<std::string, std::string> file_hashes(const fs::path& folder);

/// SHA-256 over the lines "<sha256>  <name>\n" of these files in the order of their names, which is what
/// `sha256sum adapter_config.json adapter_model.safetensors hyplora.json | sha256sum` prints for an adapter.
std::string folder_hash(const std::map<std::string, std::string>& files);
inline std::string folder_hash(const fs::path& folder) { return folder_hash(file_hashes(folder)); }

}  // namespace hyplora
