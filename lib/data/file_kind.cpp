#include "data/file_kind.h"

#include <algorithm>

#include "core/error.h"
#include "text/unicode.h"

namespace hyplora {

using namespace std::string_view_literals;

const char* const broken_utf8 =
    "found broken UTF-8; a Latin-1 or Windows-1252 text becomes UTF-8 by: iconv -f WINDOWS-1252 -t UTF-8";

namespace {

struct FileKind {
  std::string_view begins;
  const char *what, *how;  // how: with {} for the file
};

constexpr const char* with_pandas =
    "convert it with: python -c \"import pandas, sys; pandas.read_{}(sys.argv[1]).to_json(sys.argv[1] + '.jsonl', "
    "orient='records', lines=True)\"";

const FileKind kinds[] = {
    {"PAR1", "a Parquet file", "parquet"},
    {"ARROW1", "an Arrow file", "feather"},
    {"ORC", "an ORC file", "orc"},
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an Excel file", "excel"},
    {"\xFF\xFF\xFF\xFF", "an Arrow stream, as the Python package datasets saves it",
     "convert it with: python -c \"import datasets, sys; datasets.Dataset.from_file(sys.argv[1]).to_json(sys.argv[1] + "
     "'.jsonl')\""},
    {"SQLite format 3\0"sv, "a SQLite database", "export its table with: sqlite3 -json"},
    {"version https://git-lfs", "a Git LFS pointer, not the file itself", "fetch the file with: git lfs pull"},
    {"BZh", "a bzip2 archive", "unpack it first with: bunzip2 -k"},
    {"\xFD"
     "7zXZ",
     "an xz archive", "unpack it first with: unxz -k"},
    {"\x28\xB5\x2F\xFD", "a Zstandard archive", "unpack it first with: unzstd"},
    {"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", "unpack it first with: 7z x"},
    {"%PDF-", "a PDF document", "rows are JSON, JSONL, CSV or TSV"},
    {"\x93NUMPY", "a NumPy array", "rows are JSON, JSONL, CSV or TSV"},
    {"\x89HDF", "an HDF5 file", "hdf"},
    {"\x7F"
     "ELF",
     "a program", "rows are JSON, JSONL, CSV or TSV"},
};

[[noreturn]] void refuse(const std::string& file, const char* what, std::string_view how) {
  std::string conversion(how);
  const bool is_reader = how.find(' ') == how.npos;  // the name of one of pandas' readers
  if (is_reader) conversion = fmt::format(fmt::runtime(with_pandas), how);
  const bool takes_file = conversion.find(" with: ") != conversion.npos && !conversion.ends_with("pull");
  throw InputError("{}: is {}, which is not read; {}{}", file, what, conversion, takes_file ? " " + file : std::string("."));
}

bool begins_like_html(std::string_view bytes) {
  const size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start == bytes.npos || bytes[start] != '<') return false;
  std::string head(bytes.substr(start, 14));
  std::transform(head.begin(), head.end(), head.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return head.starts_with("<!doctype html") || head.starts_with("<html") || head.starts_with("<head");
}

/// By its byte-order mark, or because every other byte of ASCII is 0.
const char* utf16_kind(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) return "UTF-32LE";
  if (bytes.starts_with("\xFF\xFE")) return "UTF-16LE";
  if (bytes.starts_with("\xFE\xFF")) return "UTF-16BE";
  const std::string_view head = bytes.substr(0, 64);
  size_t zeros[2] = {0, 0};
  for (size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0';
  if (head.size() < 4) return nullptr;
  if (zeros[0] == 0 && zeros[1] > head.size() / 3) return "UTF-16LE";
  if (zeros[1] == 0 && zeros[0] > head.size() / 3) return "UTF-16BE";
  return nullptr;
}

bool is_pickle(std::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5 && bytes.ends_with('.');
}

}  // namespace

void require_rows_as_text(std::string_view bytes, const std::string& file) {
  for (const FileKind& kind : kinds) {
    if (bytes.starts_with(kind.begins)) refuse(file, kind.what, kind.how);
  }
  if (bytes.starts_with("PK\x03\x04")) {
    const bool excel = bytes.find("[Content_Types].xml") != bytes.npos || bytes.find("xl/") != bytes.npos;
    refuse(file, excel ? "an Excel file" : "a zip archive", excel ? "excel" : "unpack it first with: unzip");
  }
  if (is_pickle(bytes)) refuse(file, "a pickle", "pickle");
  if (begins_like_html(bytes)) refuse(file, "a web page", "download the data file that the page shows");
  if (bytes.size() > 262 && bytes.substr(257, 5) == "ustar") refuse(file, "a tar archive", "unpack it first with: tar -xf");
  if (const char* kind = utf16_kind(bytes)) {
    throw InputError("{}: is {} text, expected UTF-8; convert it with: iconv -f {} -t UTF-8 {}", file, kind, kind, file);
  }
}

void require_utf8(std::string_view text, const std::string& file) {
  if (is_valid_utf8(text)) return;
  size_t line = 1;
  for (size_t begin = 0; begin < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (!is_valid_utf8(text.substr(begin, end - begin))) break;
    begin = end + 1;
  }
  throw InputError("{}: line {}: {} {}", file, line, broken_utf8, file);
}

}  // namespace hyplora
