#include "data/rows.h"

#include <algorithm>

#include "core/error.h"
#include "data/file_kind.h"
#include "data/row_schemas.h"
#include "data/row_source.h"
#include "data/row_wrappers.h"
#include "data/separated.h"
#include "data/tokenised_file.h"
#include "io/gzip.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

/// A conversation that does not become one instruction and one output without loss.
void require_one_turn(const Row& row, LongConversations conversations) {
  if (row.conversation.is_null() || conversations == LongConversations::kept) return;
  const Json& messages = row.conversation["messages"];
  const bool calls = std::any_of(messages.begin(), messages.end(), [](const Json& m) { return m.contains("tool_calls"); });
  if (calls || row.conversation.contains("tools")) {
    throw InputError("{}: holds tools, which only a chat template can render; use prompt_template \"chat\".", row.where);
  }
  const bool one = row.turns == 2 && messages[messages.size() - 1]["role"] == "assistant";
  if (one || conversations == LongConversations::folded) return;
  throw InputError(
      "{}: has {} turns, expected one of the user and one of the assistant; use prompt_template \"chat\", or fold_turns "
      "true.",
      row.where, row.turns);
}

/// The objects of one file become rows; what is wrong with one is an error, or is told to `refused` and left out.
class FileRows {
 public:
  FileRows(const std::string& file, const RowReading& how, std::vector<Row>& rows) : file_(file), how_(how), rows_(rows) {}

  void read() {
    std::string bytes = read_file(file_);
    if (is_gzip(bytes)) bytes = gunzip(bytes, file_);
    require_rows_as_text(bytes, file_);
    if (how_.refused && !is_valid_utf8(bytes)) bytes = repaired_utf8(bytes);
    read_text(bytes);
    if (number_ == 0) throw InputError("{}: found no rows, expected at least one.", file_);
  }

 private:
  void read_text(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const size_t start = text.find_first_not_of(" \t\r\n");
    if (start == text.npos) throw InputError("{}: the file is empty, expected rows.", file_);
    const fs::path name = fs::path(file_).extension() == ".gz" ? fs::path(file_).stem() : fs::path(file_);
    if (name.extension() == ".csv" || name.extension() == ".tsv") {
      read_separated(text, name.extension() == ".csv" ? ',' : '\t');
    } else if (text[start] == '[') {
      require_utf8(text, file_);
      for (const Json& object : parse_json(text, file_)) add(object, next());
    } else {
      read_lines(text.substr(start));
    }
  }

  std::string next() { return fmt::format("{}: row {}", file_, ++number_); }

  void add(const Json& object, const std::string& where) {
    try {
      Row row = read_row(object, how_.schema, where);
      require_one_turn(row, how_.conversations);
      if (row.is_text && !how_.takes_text) {
        throw InputError(
            "{}: is text to learn as it stands (key \"text\"), expected an instruction for the template; use "
            "prompt_template \"none\".",
            where);
      }
      rows_.push_back(std::move(row));
    } catch (const InputError& error) {
      leave_out(error);
    }
  }

  void leave_out(const InputError& error) {
    if (!how_.refused) throw error;
    how_.refused(error.what());
  }

  void read_lines(std::string_view text) {
    // A file of one object over several lines: a row, as MATH is published, or rows under a key.
    if (const auto whole = try_json(text)) {
      if (const Json* rows = wrapped_rows(*whole, file_)) {
        for (const Json& object : *rows) add(object, next());
      } else {
        add(*whole, next());
      }
      return;
    }
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view line = text.substr(begin, end - begin);
      begin = end + 1;
      if (line.find_first_not_of(" \t\r") != line.npos) add_line(line, next());
    }
  }

  void add_line(std::string_view line, const std::string& where) {
    std::string fault;
    if (const auto object = try_json(line, &fault)) return add(*object, where);
    if (!is_valid_utf8(line)) return leave_out(InputError("{}: {} {}", where, broken_utf8, file_));
    leave_out(InputError("{}: {}; expected a JSON array of rows, or one JSON object a line.", where, fault));
  }

  void read_separated(std::string_view text, char separator) {
    require_utf8(text, file_);
    SeparatedText records(text, separator, file_);
    std::vector<std::string> header, fields;
    records.next(header);
    check_header(header, separator);
    while (records.next(fields)) {
      const std::string where = next();
      if (fields.size() != header.size()) {
        leave_out(InputError("{} (line {}): found {} fields, expected {} as in the header.", where, records.line(),
                             fields.size(), header.size()));
        continue;
      }
      Json object = Json::object();
      auto& members = object.get_ref<Json::object_t&>();
      for (size_t i = 0; i < fields.size(); ++i) members.emplace_back(header[i], std::move(fields[i]));
      add(object, where);
    }
  }

  /// Names without the white space around them, each of them once.
  void check_header(std::vector<std::string>& header, char separator) const {
    for (std::string& name : header) name = trimmed(name);
    std::vector<std::string> sorted = header;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) throw InputError("{}: line 1: found the column {} twice.", file_, shown(*twice));
    for (const char other : {',', ';', '\t', '|'}) {
      if (header.size() > 1 || other == separator || header[0].find(other) == std::string::npos) continue;
      throw InputError("{}: line 1: found one column, {}, expected columns separated by {}.", file_, shown(header[0]),
                       separator == ',' ? "commas" : "tabs");
    }
  }

  const std::string& file_;
  const RowReading& how_;
  std::vector<Row>& rows_;
  size_t number_ = 0;
};

}  // namespace

std::vector<Row> read_rows(const std::vector<std::string>& files, const RowReading& how) {
  std::vector<Row> rows;
  for (const auto& file : files) {
    const size_t before = rows.size();
    if (fs::path(file).extension() != ".safetensors") {
      FileRows(file, how, rows).read();
      continue;
    }
    read_tokenised_file(file, rows);
    if (rows.size() == before) throw InputError("{}: found no rows, expected at least one.", file);
  }
  return rows;
}

}  // namespace hyplora
