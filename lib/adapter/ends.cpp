#include "adapter/ends.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "adapter/adapter_tensors.h"
#include "adapter/kinds.h"
#include "adapter/low_rank.h"
#include "core/error.h"

namespace hyplora {
namespace {

constexpr int64_t rows_at_a_time = 4096;  // the sum is fp32, and a vocabulary is large

std::string shape_text(at::IntArrayRef shape) { return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", ")); }

bool holds(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Reads the tensors of one end.
class Reader {
 public:
  Reader(const AdapterOptions& options, const AdapterTensors& file, const char* name)
      : options_(options), file_(file), name_(name) {}

  bool has(const char* part) const { return file_.contains(place(part)); }

  /// Undefined where it is not there.
  at::Tensor read(const char* part, std::vector<int64_t> shape) const {
    if (!has(part)) return {};
    const at::Tensor found = file_.tensor(place(part));
    if (found.sizes() != shape) {
      throw InputError("{}: tensor {}: found shape {}, expected {}.", file_.file().path().string(), place(part),
                       shape_text(found.sizes()), shape_text(shape));
    }
    return found;
  }

  /// Of W [out, in]; the embedding's are stored the other way about.
  void read_low_rank(End& end, at::IntArrayRef weight) const {
    const bool across = has("lora_embedding_A") || has("lora_embedding_B");
    if (!across && !has("lora_A.weight") && !has("lora_B.weight")) return require_none();
    const int64_t r = rank_of(options_, end.path);
    end.scale = scale_of(options_, end.path);
    const char *first = across ? "lora_embedding_A" : "lora_A.weight", *second = across ? "lora_embedding_B" : "lora_B.weight";
    for (const char* part : {first, second}) {
      if (!has(part)) throw InputError("{}: tensor {} is missing.", file_.file().path().string(), place(part));
    }
    const at::Tensor A = read(first, {r, weight[across ? 0 : 1]}), B = read(second, {weight[across ? 1 : 0], r});
    end.A = across ? B.t().contiguous() : A;  // as PEFT stores the same for a head that it ties
    end.B = across ? A.t().contiguous() : B;
  }

 private:
  std::string place(const char* part) const { return fmt::format("{}.{}", name_, part); }
  /// PEFT takes a module that the list names, whatever the layers, and saves its tensors.
  void require_none() const {
    if (holds(options_.ends.targets, name_) && !options_.layers_to_transform && !options_.exclude_modules)
      throw InputError("{}: holds no LoRA of {}, which target_modules names.", file_.file().path().string(), name_);
  }

  const AdapterOptions& options_;
  const AdapterTensors& file_;
  const char* name_;
};

/// Whether what is saved is the base's own weight, as both ends of a tied base see it.
bool moves_base(const End& end, const AdapterOptions& options, const char* name) {
  return end.saved.defined() && !holds(options.ends.saved, name);
}

void tie(Ends& ends, const AdapterOptions& options) {
  const bool by_head = moves_base(ends.head, options, head_name),
             by_embedding = moves_base(ends.embedding, options, embedding_name);
  if (by_head && !ends.embedding.saved.defined()) ends.embedding.saved = ends.head.saved;
  if (by_embedding && !ends.head.saved.defined()) ends.head.saved = ends.embedding.saved;
  const bool own = ends.head.A.defined() || holds(options.ends.saved, head_name);
  ends.head_is_embedding = options.ends.tied && ends.embedding.changes() && !own;
}

}  // namespace

at::Tensor End::weight(const at::Tensor& base, at::ScalarType type, const fs::path& file) const {
  const at::NoGradGuard no_grad;
  const at::Tensor from = saved.defined() ? saved.to(base.device()) : base;
  at::Tensor made = at::empty(base.sizes(), base.options().dtype(type));
  const at::Tensor own_A = A.defined() ? A.to(base.device(), at::kFloat) : A,
                   own_B = B.defined() ? B.to(base.device(), at::kFloat) : B;
  for (int64_t i = 0; i < base.size(0); i += rows_at_a_time) {
    const int64_t rows = std::min(rows_at_a_time, base.size(0) - i);
    const at::Tensor part = from.narrow(0, i, rows);
    made.narrow(0, i, rows).copy_(own_A.defined() ? low_rank_sum(part, own_A, own_B.narrow(0, i, rows), scale) : part);
    if (!made.narrow(0, i, rows).isfinite().all().item<bool>())
      throw InputError("{}: what it makes of {}.weight is not finite.", file.string(), path);
  }
  return made;
}

bool is_of_end(const std::string& stored) {
  const std::string place = adapter_place(stored);
  return place.starts_with(std::string(embedding_name) + ".") || place.starts_with(std::string(head_name) + ".");
}

Ends read_ends(const Transformer& model, const AdapterOptions& options, const AdapterTensors& file) {
  Ends ends;
  ends.file = file.file().path();
  ends.embedding.path = model.embedding_path();
  ends.head.path = model.head_path();
  const std::vector<int64_t> shape{model.spec().vocab_size, model.spec().hidden_size};
  for (auto [end, name] : {std::pair(&ends.embedding, embedding_name), {&ends.head, head_name}}) {
    const Reader reader(options, file, name);
    end->saved = reader.read("weight", shape);
    const at::Tensor base = reader.read("base_layer.weight", shape);
    if (!end->saved.defined()) end->saved = base;
    reader.read_low_rank(*end, shape);
    if (holds(options.ends.saved, name) && !end->saved.defined() && !(options.ends.tied && model.spec().tied_embeddings))
      throw InputError("{}: holds no weight of {}, which modules_to_save names.", ends.file.string(), name);
  }
  if (model.spec().tied_embeddings) tie(ends, options);
  return ends;
}

void put_ends_on(Transformer& model, const Ends& ends) {
  const auto made = [&](const End& end, const at::Tensor& base) {
    return end.changes() ? end.weight(base, base.scalar_type(), ends.file) : at::Tensor();
  };
  const at::Tensor embedding = made(ends.embedding, model.base_embedding());
  model.set_ends(embedding, ends.head_is_embedding ? embedding : made(ends.head, model.base_head()));
}

void require_no_ends(const AdapterTensors& file) {
  for (const auto& [place, stored] : file.stored()) {
    if (is_of_end(stored))
      throw InputError(
          "{}: tensor {} is of embedding or head, which are neither trained nor converted here; `hyplora-adapter merge` puts them "
          "into a checkpoint.",
          file.file().path().string(), stored);
  }
}

}  // namespace hyplora
