// CSV and TSV (RFC 4180): fields in quotes may hold separators, line ends and doubled quotes. Line ends are LF, CRLF or CR; empty
// lines are left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hyplora {

class SeparatedText {
 public:
  /// `file` begins the InputErrors.
  SeparatedText(std::string_view text, char separator, const std::string& file)
      : text_(text), separator_(separator), file_(file) {}

  /// The fields of the next record; false at the end. InputError: a quote that is not closed, text behind a closing quote.
  bool next(std::vector<std::string>& fields);
  /// The line in which that record began, counted from 1.
  size_t line() const { return begun_; }

 private:
  std::string field();
  std::string quoted();
  bool at_line_end() const { return text_[place_] == '\n' || text_[place_] == '\r'; }
  void skip_line_end();

  std::string_view text_;
  char separator_;
  const std::string& file_;
  size_t place_ = 0, line_ = 1, begun_ = 1;
};

}  // namespace hyplora
