// Hashes that tell one model, adapter or data file from another in reports. Not cryptographic.
#pragma once

#include <string>

#include "io/files.h"

namespace hyplora {

/// Of a checkpoint's or adapter's folder: config.json, adapter_config.json, hyplora.json and every .safetensors file, whole, in
/// the order of their names. 64-bit FNV-1a, 16 hex digits: of pieces of 16 MiB, then of those pieces' hashes.
std::string folder_hash(const fs::path& folder);

}  // namespace hyplora
