#include "io/safetensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/error.h"

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian; so is every machine this runs on");

namespace hyplora {
namespace {

constexpr uint64_t max_header_bytes = 100'000'000;  // the limit of the format's own reader

struct DtypeRow {
  const char* name;
  size_t bits;
  std::optional<at::ScalarType> type;  // nothing: sized and skipped, but LibTorch has no such tensor
};
constexpr DtypeRow dtypes[] = {
    {"F64", 64, at::kDouble},
    {"F32", 32, at::kFloat},
    {"F16", 16, at::kHalf},
    {"BF16", 16, at::kBFloat16},
    {"I64", 64, at::kLong},
    {"I32", 32, at::kInt},
    {"I16", 16, at::kShort},
    {"I8", 8, at::kChar},
    {"U8", 8, at::kByte},
    {"U16", 16, at::ScalarType::UInt16},
    {"U32", 32, at::ScalarType::UInt32},
    {"U64", 64, at::ScalarType::UInt64},
    {"BOOL", 8, at::kBool},
    {"F8_E4M3", 8, at::ScalarType::Float8_e4m3fn},
    {"F8_E5M2", 8, at::ScalarType::Float8_e5m2},
    {"F8_E8M0", 8, at::ScalarType::Float8_e8m0fnu},
    {"C64", 64, at::kComplexFloat},
    {"F4", 4, std::nullopt},
    {"F6_E2M3", 6, std::nullopt},
    {"F6_E3M2", 6, std::nullopt},
};

const DtypeRow* find_dtype(const std::string& name) {
  const auto row = std::find_if(std::begin(dtypes), std::end(dtypes), [&](const DtypeRow& r) { return name == r.name; });
  return row == std::end(dtypes) ? nullptr : row;
}

const DtypeRow& dtype_of(const at::Tensor& tensor, const std::string& name) {
  for (const auto& row : dtypes) {
    if (row.type == tensor.scalar_type()) return row;
  }
  throw RunError("tensor {}: its type {} cannot be written as safetensors.", name, toString(tensor.scalar_type()));
}

Json parse_header(std::string_view text, const std::string& file) {
  std::string fault = "found another value";
  const auto header = try_json(text, &fault);
  if (!header || !header->is_object()) {
    throw InputError("{}: the header is not a JSON object: {}; the file is corrupt or not a safetensors file.", file, fault);
  }
  return *header;
}

bool is_natural(const Json& value) { return value.is_number_unsigned() && value.get<uint64_t>() <= INT64_MAX; }

/// One entry of the header, its offsets still relative to the data; the shape times the type must give its bytes.
TensorInfo read_entry(const Json& entry, const std::string& file, const std::string& name) {
  const auto refuse = [&](const std::string& what) { return InputError("{}: tensor {}: {}.", file, name, what); };
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets")) {
    throw refuse("found an incomplete entry, expected dtype, shape and data_offsets");
  }
  const Json &dtype = entry["dtype"], &shape = entry["shape"], &offsets = entry["data_offsets"];
  const DtypeRow* row = dtype.is_string() ? find_dtype(dtype.get<std::string>()) : nullptr;
  if (row == nullptr) throw refuse("found dtype " + shown(dtype) + ", expected one of the format's types such as F32 or BF16");
  if (!shape.is_array() || !std::all_of(shape.begin(), shape.end(), is_natural)) {
    throw refuse("found shape " + shown(shape) + ", expected an array of sizes");
  }
  if (!offsets.is_array() || offsets.size() != 2 || !is_natural(offsets[0]) || !is_natural(offsets[1])) {
    throw refuse("found data_offsets " + shown(offsets) + ", expected [begin, end]");
  }
  TensorInfo info{row->name, shape.get<std::vector<int64_t>>(), offsets[0].get<size_t>(), offsets[1].get<size_t>()};
  uint64_t bits = row->bits;
  for (const int64_t size : info.shape) {
    if (__builtin_mul_overflow(bits, static_cast<uint64_t>(size), &bits)) throw refuse("its shape overflows");
  }
  if (info.end < info.begin || bits % 8 != 0 || info.end - info.begin != bits / 8) {
    throw refuse(fmt::format("found {} bytes, expected {} for its shape and type", static_cast<int64_t>(info.end - info.begin),
                             bits / 8));
  }
  return info;
}

/// The ranges must tile the data: in order, without gap or overlap, to the last byte.
void check_ranges(const std::map<std::string, TensorInfo>& tensors, size_t data_bytes, const std::string& file) {
  std::vector<std::pair<const TensorInfo*, const std::string*>> order;
  order.reserve(tensors.size());
  for (const auto& [name, info] : tensors) order.emplace_back(&info, &name);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->begin, a.first->end) < std::pair(b.first->begin, b.first->end);
  });
  size_t position = 0;
  for (const auto& [info, name] : order) {
    if (info->begin != position) {
      throw InputError("{}: tensor {}: its data begins at byte {}, expected {} ({} the tensor before it).", file, *name,
                       info->begin, position, info->begin < position ? "it overlaps" : "there is a gap after");
    }
    position = info->end;
  }
  if (position > data_bytes) {
    throw InputError("{}: the file is truncated: found {} bytes of tensors, expected {}.", file, data_bytes, position);
  }
  if (position < data_bytes) {
    throw InputError("{}: found {} bytes of tensors, expected {}: bytes at the end belong to no tensor.", file, data_bytes,
                     position);
  }
}

}  // namespace

Safetensors Safetensors::open(const fs::path& path) {
  Safetensors opened;
  opened.path_ = path;
  opened.file_ = MappedFile::open(path);
  opened.read_header();
  return opened;
}

void Safetensors::read_header() {
  const std::string file = path_.string();
  const size_t size = file_->size();
  if (size < 8) throw InputError("{}: found {} bytes, expected a safetensors file (at least 8).", file, size);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file_->data(), 8);
  if (header_bytes > max_header_bytes || header_bytes > size - 8) {
    throw InputError("{}: the header claims {} bytes, but the file has {}; it is truncated or not a safetensors file.", file,
                     header_bytes, size);
  }
  const char* text = reinterpret_cast<const char*>(file_->data()) + 8;
  const Json header = parse_header(std::string_view(text, header_bytes), file);
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") {
      tensors_.emplace(name, read_entry(entry, file, name));
      continue;
    }
    if (!entry.is_object() || !std::all_of(entry.begin(), entry.end(), [](const Json& v) { return v.is_string(); })) {
      throw InputError("{}: __metadata__: expected an object of strings.", file);
    }
    metadata_ = entry.get<std::map<std::string, std::string>>();
  }
  check_ranges(tensors_, size - 8 - header_bytes, file);
  for (auto& [name, info] : tensors_) {
    info.begin += 8 + header_bytes;
    info.end += 8 + header_bytes;
  }
}

at::Tensor Safetensors::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw InputError("{}: tensor {} is missing.", path_.string(), name);
  const TensorInfo& info = found->second;
  const auto type = find_dtype(info.dtype)->type;
  if (!type) throw InputError("{}: tensor {}: its type {} cannot be computed with here.", path_.string(), name, info.dtype);
  const auto options = at::TensorOptions(*type);
  if (info.begin == info.end) return at::empty(info.shape, options);
  auto* bytes = const_cast<std::byte*>(file_->data() + info.begin);
  if (info.begin % c10::elementSize(*type) != 0) {  // an unpadded header: copied, since views must be aligned
    at::Tensor copy = at::empty(info.shape, options);
    std::memcpy(copy.data_ptr(), bytes, info.end - info.begin);
    return copy;
  }
  return at::from_blob(
      bytes, info.shape, [keep = file_](void*) {}, options);
}

std::string Safetensors::bytes(size_t begin, size_t size) const {
  return {reinterpret_cast<const char*>(file_->data()) + begin, size};
}

void Safetensors::release(const std::string& name) const {
  const TensorInfo& info = tensors_.at(name);
  file_->release(info.begin, info.end);
}

void write_safetensors(const fs::path& path, const NamedTensors& tensors, const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  auto& entries = header.get_ref<Json::object_t&>();  // appended to: operator[] would compare a name with all before it
  std::vector<at::Tensor> held;
  size_t position = 0;
  for (const auto& [name, tensor] : tensors) {
    held.push_back(tensor.detach().cpu().contiguous());
    const size_t end = position + held.back().nbytes();
    entries.emplace_back(
        name, Json{{"dtype", dtype_of(tensor, name).name}, {"shape", tensor.sizes().vec()}, {"data_offsets", {position, end}}});
    position = end;
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t header_bytes = text.size();
  std::vector<std::string_view> pieces{{reinterpret_cast<const char*>(&header_bytes), 8}, text};
  for (const auto& tensor : held) pieces.emplace_back(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
  write_file(path, pieces);
}

}  // namespace hyplora
