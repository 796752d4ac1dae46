#include "support/pretend_device.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/SDPBackend.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/native/DispatchStub.h>
#include <ATen/native/Resize.h>
#include <ATen/native/transformers/attention.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <mutex>

#include "hyperbolic/gate_passes.h"
#include "support/pretend_memory.h"

namespace at::native {
namespace {

int64_t attention_choice(const Tensor& /*q*/, const Tensor& /*k*/, const Tensor& /*v*/, const std::optional<Tensor>& /*mask*/,
                         double /*dropout*/, bool /*causal*/, std::optional<double> /*scale*/, bool /*grouped*/) {
  return static_cast<int64_t>(SDPBackend::overrideable);
}

}  // namespace

REGISTER_PRIVATEUSE1_DISPATCH(_fused_sdp_choice_stub, &attention_choice)

}  // namespace at::native

namespace hyplora {

/// gates.cu as the tests compile it (tests/CMakeLists.txt).
const Passes& cuda_passes_on_host(size_t variant);

}  // namespace hyplora

namespace hyplora::test {
namespace {

thread_local c10::DeviceIndex current_device = 0;

struct Tally {
  std::mutex mutex;
  DeviceCounts counts;
};

Tally& tally() {
  static Tally one;
  return one;
}

void count(int64_t DeviceCounts::*what, const std::string& name) {
  if (Operation::is_under_way()) return;
  const std::lock_guard lock(tally().mutex);
  ++(tally().counts.*what);
  ++tally().counts.by_name[name];
}

void release(void* block) {
  for (c10::DeviceIndex i = 0; block != nullptr && i < device_count; ++i) {
    if (arena(i).owns(static_cast<char*>(block))) arena(i).give_back(static_cast<char*>(block));
  }
}

struct PretendAllocator : c10::DeviceAllocator {
  c10::DataPtr allocate(size_t bytes) override {
    char* block = arena(current_device).take(bytes);
    return {block, block, &release, c10::Device(c10::kPrivateUse1, current_device)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    const Operation operation;
    std::memcpy(to, from, bytes);
  }
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t /*pool*/) override {}
  void recordStream(const c10::DataPtr& /*block*/, c10::Stream /*stream*/) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex device) override {
    c10::CachingDeviceAllocator::DeviceStats stats;
    auto& bytes = stats.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
    bytes.current = arena(device).in_use();
    bytes.peak = arena(device).peak();
    stats.reserved_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)] = bytes;
    return stats;
  }
  void resetAccumulatedStats(c10::DeviceIndex /*device*/) override {}
  void resetPeakStats(c10::DeviceIndex /*device*/) override {}
  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex device) override {
    return {size_t{arena_bytes} - static_cast<size_t>(arena(device).in_use()), size_t{arena_bytes}};
  }
};

PretendAllocator& allocator() {
  static PretendAllocator one;
  return one;
}

struct PretendGuard : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return c10::kPrivateUse1; }
  c10::Device exchangeDevice(c10::Device device) const override {
    const c10::Device before = getDevice();
    current_device = device.index();
    return before;
  }
  c10::Device getDevice() const override { return {c10::kPrivateUse1, current_device}; }
  void setDevice(c10::Device device) const override { current_device = device.index(); }
  void uncheckedSetDevice(c10::Device device) const noexcept override { current_device = device.index(); }
  c10::Stream getStream(c10::Device device) const override { return c10::Stream(c10::Stream::DEFAULT, device); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return device_count; }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, PretendGuard)

struct PretendHooks : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex /*device*/) const override { return true; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex /*device*/) const override {
    static const at::Generator one = at::detail::createCPUGenerator(1);
    return one;
  }
  bool isPinnedPtr(const void* data) const override { return PinnedAllocator::owns(data); }
  c10::Allocator* getPinnedMemoryAllocator() const override {
    static PinnedAllocator one;
    return &one;
  }
};

at::Device wanted(const std::optional<at::Device>& device) {
  return device && device->has_index() ? *device : at::Device(c10::kPrivateUse1, current_device);
}

using Sizes = c10::SymIntArrayRef;
template <class T>
using Maybe = std::optional<T>;

at::Tensor empty(Sizes sizes, Maybe<at::ScalarType> type, Maybe<at::Layout> /*layout*/, Maybe<at::Device> device,
                 Maybe<bool> /*pinned*/, Maybe<at::MemoryFormat> format) {
  const c10::DeviceGuard guard(wanted(device));
  return at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(sizes), &allocator(),
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), type.value_or(at::kFloat), format);
}

at::Tensor empty_strided(Sizes sizes, Sizes strides, Maybe<at::ScalarType> type, Maybe<at::Layout> /*layout*/,
                         Maybe<at::Device> device, Maybe<bool> /*pinned*/) {
  const c10::DeviceGuard guard(wanted(device));
  return at::detail::empty_strided_generic(C10_AS_INTARRAYREF_SLOW(sizes), C10_AS_INTARRAYREF_SLOW(strides), &allocator(),
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), type.value_or(at::kFloat));
}

/// The same bytes as a tensor of the CPU; to be used while the memory is open.
at::Tensor on_host(const at::Tensor& tensor) {
  if (tensor.is_cpu()) return tensor;
  char* first = static_cast<char*>(tensor.storage().mutable_data()) + tensor.storage_offset() * tensor.element_size();
  return at::from_blob(first, tensor.sizes(), tensor.strides(), at::TensorOptions(tensor.scalar_type()));
}

void count_copy(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  if (from.is_cpu()) {
    count(&DeviceCounts::copies_in, "copy to the device");
    if (!non_blocking || !PinnedAllocator::owns(from.const_data_ptr()))
      count(&DeviceCounts::blocking_in, "blocking copy to the device");
  } else if (to.is_cpu()) {
    count(&DeviceCounts::copies_out, "copy from the device");
  } else {
    count(&DeviceCounts::operations, "copy on the device");
  }
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
  count_copy(from, to, non_blocking);
  const Operation operation;
  const c10::impl::ExcludeDispatchKeyGuard no_autograd(c10::autograd_dispatch_keyset);
  on_host(to).copy_(on_host(from));
  return to;
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  at::native::resize_(to, from.sizes());
  return copy_from(from, to, false);
}

at::Scalar read(const at::Tensor& tensor) {
  count(&DeviceCounts::reads, "read of a value");
  const Operation operation;
  return at::_local_scalar_dense(on_host(tensor));
}

const at::Tensor& resize(const at::Tensor& tensor, Sizes sizes, Maybe<at::MemoryFormat> /*format*/) {
  const auto wanted_sizes = C10_AS_INTARRAYREF_SLOW(sizes);
  const size_t bytes = static_cast<size_t>(c10::multiply_integers(wanted_sizes)) * tensor.element_size();
  c10::Storage storage = tensor.storage();
  if (bytes > storage.nbytes()) {
    storage.set_data_ptr_noswap(allocator().allocate(bytes));
    storage.set_nbytes(bytes);
  }
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(wanted_sizes);
  return tensor;
}

/// Attention as a GPU has it: one operation forward, one backward. The CPU's own, which knows no biases but as values.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, c10::SymInt, c10::SymInt, at::Tensor, at::Tensor, at::Tensor>
attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Maybe<at::Tensor>& bias, double dropout,
          bool causal, bool /*debug*/, Maybe<double> scale) {
  count(&DeviceCounts::operations, "attention");
  const Operation operation;
  const auto mask = bias ? Maybe<at::Tensor>(on_host(*bias)) : std::nullopt;
  const auto [out, sums] =
      at::_scaled_dot_product_flash_attention_for_cpu(on_host(q), on_host(k), on_host(v), dropout, causal, mask, scale);
  const at::Device device = q.device();
  const at::Tensor none = at::empty({0}, at::kLong).to(device);
  return {out.to(device), sums.to(device), none, none, q.size(2), k.size(2), none, none, at::Tensor()};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> attention_backward(
    const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
    std::array<bool, 4> /*wanted*/, const at::Tensor& out, const at::Tensor& sums, const at::Tensor& /*q_places*/,
    const at::Tensor& /*k_places*/, int64_t /*most_q*/, int64_t /*most_k*/, double dropout, bool causal,
    const at::Tensor& /*seed*/, const at::Tensor& /*offset*/, Maybe<double> scale) {
  count(&DeviceCounts::operations, "attention backward");
  const Operation operation;
  const auto mask = bias.defined() ? Maybe<at::Tensor>(on_host(bias)) : std::nullopt;
  const auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
      on_host(grad), on_host(q), on_host(k), on_host(v), on_host(out), on_host(sums), dropout, causal, mask, scale);
  return {dq.to(q.device()), dk.to(q.device()), dv.to(q.device()), at::Tensor()};
}

at::Tensor as_strided(const at::Tensor& tensor, at::IntArrayRef sizes, at::IntArrayRef strides, Maybe<int64_t> offset) {
  return at::native::as_strided_tensorimpl(tensor, sizes, strides, offset);
}
at::Tensor view(const at::Tensor& tensor, at::IntArrayRef sizes) { return at::native::view(tensor, sizes); }
at::Tensor reshape_alias(const at::Tensor& tensor, at::IntArrayRef sizes, at::IntArrayRef strides) {
  return at::native::_reshape_alias(tensor, sizes, strides);
}

void on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  count(&DeviceCounts::operations, op.operator_name().name);
  const Operation operation;
  at::native::cpu_fallback(op, stack);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("_copy_from", &copy_from);
  m.impl("_copy_from_and_resize", &copy_from_and_resize);
  m.impl("_local_scalar_dense", &read);
  m.impl("resize_", &resize);
  m.impl("_scaled_dot_product_fused_attention_overrideable", &attention);
  m.impl("_scaled_dot_product_fused_attention_overrideable_backward", &attention_backward);
  m.impl("as_strided", &as_strided);
  m.impl("view", &view);
  m.impl("_reshape_alias", &reshape_alias);
}
TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_cpu>()); }

void make_known() {
  static PretendHooks hooks;
  c10::register_privateuse1_backend("pretend");
  at::RegisterPrivateUse1HooksInterface(&hooks);
  c10::SetAllocator(c10::kPrivateUse1, &allocator());
  passes_on(c10::kPrivateUse1) = cuda_passes_on_host;
}

}  // namespace

at::Device pretend_device(int index) {
  static const bool known = (make_known(), true);
  static_cast<void>(known);
  return {c10::kPrivateUse1, static_cast<c10::DeviceIndex>(index)};
}

const DeviceCounts& device_counts() { return tally().counts; }

void reset_device_counts() {
  const std::lock_guard lock(tally().mutex);
  tally().counts = {};
}

std::shared_ptr<void> limit_device_memory(at::Device device, int64_t bytes) {
  arena(device.index()).limit(bytes);
  return {nullptr, [device](void*) { arena(device.index()).limit(-1); }};
}

KernelRun::KernelRun() : device_(current_device) {
  count(&DeviceCounts::kernels, "kernel of ours");
  arena(device_).open();
}

KernelRun::~KernelRun() { arena(device_).close(); }

}  // namespace hyplora::test
