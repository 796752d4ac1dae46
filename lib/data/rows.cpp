#include "data/rows.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "core/error.h"
#include "data/padding.h"
#include "data/row_schemas.h"
#include "io/safetensors.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

/// The objects of one file become rows; what is wrong with one is an error, or is told to `refused` and left out.
class JsonRows {
 public:
  JsonRows(const std::string& file, const RowReading& how, std::vector<Row>& rows) : file_(file), how_(how), rows_(rows) {}

  void read(std::string_view text) {
    const std::string repaired = how_.refused && !is_valid_utf8(text) ? repaired_utf8(text) : "";
    if (!repaired.empty()) text = repaired;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const size_t start = text.find_first_not_of(" \t\r\n");
    if (start == text.npos) throw InputError("{}: the file is empty, expected rows.", file_);
    if (text[start] == '[') {
      for (const Json& object : parse_json(text, file_)) add(object);
    } else {
      read_lines(text.substr(start));
    }
    if (number_ == 0) throw InputError("{}: found no rows, expected at least one.", file_);
  }

 private:
  std::string next() { return fmt::format("{}: row {}", file_, ++number_); }

  void add(const Json& object) { add(object, next()); }
  void add(const Json& object, const std::string& where) {
    try {
      rows_.push_back(read_row(object, how_.schema, where));
    } catch (const InputError& error) {
      if (!how_.refused) throw;
      how_.refused(error.what());
    }
  }

  void read_lines(std::string_view text) {
    // A file of one object over several lines, as MATH is published.
    if (const auto whole = try_json(text)) return add(*whole);
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view line = text.substr(begin, end - begin);
      begin = end + 1;
      if (line.find_first_not_of(" \t\r") == line.npos) continue;
      add_line(line, next());
    }
  }

  void add_line(std::string_view line, const std::string& where) {
    std::string fault;
    if (const auto object = try_json(line, &fault)) return add(*object, where);
    const InputError error("{}: {}; expected a JSON array of rows, or one JSON object a line.", where,
                           is_valid_utf8(line) ? fault : "found broken UTF-8");
    if (!how_.refused) throw error;
    how_.refused(error.what());
  }

  const std::string& file_;
  const RowReading& how_;
  std::vector<Row>& rows_;
  size_t number_ = 0;
};

at::Tensor id_matrix(const Safetensors& file, const std::string& name, at::IntArrayRef shape) {
  const at::Tensor ids = file.tensor(name);
  const std::string where = fmt::format("{}: tensor {}", file.path().string(), name);
  if (ids.dim() != 2 || !at::isIntegralType(ids.scalar_type(), /*includeBool=*/true)) {
    throw InputError("{}: found {} dimensions of {}, expected integers [rows, tokens].", where, ids.dim(),
                     file.tensors().at(name).dtype);
  }
  if (!shape.empty() && ids.sizes() != shape) throw InputError("{}: its shape differs from that of input_ids.", where);
  return ids.to(at::kLong).contiguous();
}

void read_safetensors_rows(const std::string& path, std::vector<Row>& rows) {
  const Safetensors file = Safetensors::open(path);
  if (!file.contains("input_ids")) throw InputError("{}: tensor input_ids is missing; expected integers [rows, tokens].", path);
  const at::Tensor ids = id_matrix(file, "input_ids", {});
  const at::Tensor labels = file.contains("labels") ? id_matrix(file, "labels", ids.sizes()) : ids;
  const at::Tensor mask = file.contains("attention_mask") ? id_matrix(file, "attention_mask", ids.sizes()) : at::Tensor();
  const int64_t length = ids.size(1);
  for (int64_t i = 0; i < ids.size(0); ++i) {
    Row row;
    row.where = fmt::format("{}: row {}", path, i + 1);
    int64_t begin = 0, end = length;
    if (mask.defined()) std::tie(begin, end) = unpadded(mask.const_data_ptr<int64_t>() + i * length, length, row.where);
    const int64_t* id = ids.const_data_ptr<int64_t>() + i * length;
    const int64_t* label = labels.const_data_ptr<int64_t>() + i * length;
    row.input_ids.assign(id + begin, id + end);
    row.labels.assign(label + begin, label + end);
    if (row.input_ids.empty()) throw InputError("{}: it has no tokens.", row.where);
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::vector<Row> read_rows(const std::vector<std::string>& files, const RowReading& how) {
  std::vector<Row> rows;
  for (const auto& file : files) {
    const size_t before = rows.size();
    if (fs::path(file).extension() != ".safetensors") {
      JsonRows(file, how, rows).read(read_file(file));
      continue;
    }
    read_safetensors_rows(file, rows);
    if (rows.size() == before) throw InputError("{}: found no rows, expected at least one.", file);
  }
  return rows;
}

}  // namespace hyplora
