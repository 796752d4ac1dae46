// What a file is that holds no rows as text, by its first bytes.
#pragma once

#include <string>
#include <string_view>

namespace hyplora {

/// InputError that says what the file is and how it becomes JSONL: Parquet, Arrow, a spreadsheet, an archive, a database, a web
/// page, a Git LFS pointer, UTF-16. Else nothing.
void require_rows_as_text(std::string_view bytes, const std::string& file);

/// InputError with the line of the first byte that is no UTF-8, as in Latin-1.
void require_utf8(std::string_view text, const std::string& file);

/// What is said of such a text.
extern const char* const broken_utf8;

}  // namespace hyplora
