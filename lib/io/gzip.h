// Files packed by gzip (RFC 1952).
#pragma once

#include <string>
#include <string_view>

namespace hyplora {

/// Whether the bytes begin as such a file does.
bool is_gzip(std::string_view bytes);

/// What all members of the file hold. A few bytes can stand for gigabytes, so more than 64 MB and 64 times the file's size
/// together is refused. InputError names `file`: that, damaged, cut off.
std::string gunzip(std::string_view bytes, const std::string& file);

}  // namespace hyplora
