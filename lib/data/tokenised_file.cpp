#include "data/tokenised_file.h"

#include <ATen/core/Tensor.h>

#include "core/error.h"
#include "data/padding.h"
#include "io/safetensors.h"

namespace hyplora {
namespace {

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

}  // namespace

void read_tokenised_file(const std::string& path, std::vector<Row>& rows) {
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

}  // namespace hyplora
