#include "device/second_device.hpp"

#include <torch/version.h>

#if TORCH_VERSION_MAJOR > 1

// The interface of backends differs there; what is tested does not depend on libtorch's version.
namespace likewise::testing {
const char* no_second_device() { return "the second device is written for libtorch 1.13"; }
long second_device_operations() { return 0; }
}  // namespace likewise::testing

#else

#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

namespace likewise::testing {
namespace {

using at::Tensor;

constexpr c10::DeviceType kType = c10::DeviceType::XPU;
const c10::Device kDevice(kType, 0);
const c10::DispatchKeySet kKeys(c10::DispatchKey::XPU);
std::atomic<long> operations = 0;

// No processor of today reads an address with this bit.
constexpr uintptr_t kHidden = uintptr_t{1} << 62;
void* hidden(void* p) {
  return p ? reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(p) | kHidden) : nullptr;
}
void* shown(void* p) { return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(p) & ~kHidden); }

struct HiddenMemory final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) const override {
    void* p = bytes > 0 ? std::aligned_alloc(64, (bytes + 63) / 64 * 64) : nullptr;
    if (p) std::memset(p, 0xFF, bytes);  // not a number, until somebody writes
    return {hidden(p), p, &std::free, kDevice};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
};
HiddenMemory memory;

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return kDevice; }
  c10::Device getDevice() const override { return kDevice; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, kDevice);
  }
  c10::Stream getDefaultStream(c10::Device) const override {
    return c10::Stream(c10::Stream::DEFAULT, kDevice);
  }
  c10::Stream getStreamFromGlobalPool(c10::Device, bool) const override {
    return c10::Stream(c10::Stream::UNSAFE, kDevice, 1);
  }
  c10::Stream exchangeStream(c10::Stream) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, kDevice);
  }
  void destroyEvent(void*, c10::DeviceIndex) const noexcept override {}
  void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
};
C10_REGISTER_GUARD_IMPL(XPU, Guard);

bool is_ours(const Tensor& x) { return x.defined() && x.device().type() == kType; }

// The same memory as a tensor of the processor.
Tensor on_host(const Tensor& x) {
  if (!is_ours(x)) return x;
  const auto options = at::TensorOptions().dtype(x.scalar_type());
  if (x.numel() == 0) return at::empty(x.sizes(), options);  // may be given another size
  Tensor y = at::from_blob(
      shown(x.data_ptr()), x.sizes(), x.strides(), [x](void*) {}, options);
  if (x.unsafeGetTensorImpl()->is_wrapped_number()) {
    y.unsafeGetTensorImpl()->set_wrapped_number(true);
  }
  return y;
}

Tensor on_device(const Tensor& host) {
  if (!host.defined() || is_ours(host)) return host;
  const Tensor dense = host.is_non_overlapping_and_dense() ? host : host.contiguous();
  const Tensor y(at::detail::empty_strided_generic(dense.sizes(), dense.strides(), &memory, kKeys,
                                                   dense.scalar_type()));
  if (y.numel() > 0) on_host(y).copy_(dense);
  return y;
}

// Gives `x` the memory and the shape of `fresh`.
void become(const Tensor& x, const Tensor& fresh) {
  x.unsafeGetTensorImpl()->set_storage_keep_dtype(fresh.storage());
  x.unsafeGetTensorImpl()->set_sizes_and_strides(fresh.sizes(), fresh.strides());
}

// CUDA takes single values, and the rows of an index, from the processor's memory.
void check_devices(const std::string& name, const std::vector<Tensor>& all) {
  const bool is_index = name.rfind("aten::index.", 0) == 0 || name.find("index_put") != name.npos;
  const bool no_scalars = name.rfind("aten::where", 0) == 0 || name.rfind("aten::cat", 0) == 0 ||
                          name.rfind("aten::lerp", 0) == 0;
  for (const Tensor& x : all) {
    if (!x.defined() || is_ours(x) || is_index) continue;
    TORCH_CHECK(x.dim() == 0 && !no_scalars, name, " mixes a tensor of the processor, ", x.sizes(),
                ", with tensors of the device");
  }
}

struct Operands {
  std::vector<Tensor> given, host;
  Tensor take(const Tensor& x) {
    given.push_back(x);
    host.push_back(on_host(x));
    return host.back();
  }
};

c10::IValue taken(Operands& operands, const c10::IValue& value) {
  if (value.isTensor()) return operands.take(value.toTensor());
  if (value.isTensorList()) {
    c10::List<Tensor> out;
    for (const Tensor& x : value.toTensorVector()) out.push_back(operands.take(x));
    return out;
  }
  if (value.isOptionalTensorList()) {
    c10::List<c10::optional<Tensor> > out;
    for (const c10::optional<Tensor>& x : value.toOptionalTensorList()) {
      out.push_back(x ? c10::optional<Tensor>(operands.take(*x)) : x);
    }
    return out;
  }
  if (value.isDevice()) return c10::Device(c10::kCPU);
  return value;
}

void compute(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  ++operations;
  const auto& schema = op.schema();
  const size_t count = schema.arguments().size(), begin = stack->size() - count;
  const std::vector<c10::IValue> given(stack->begin() + static_cast<int64_t>(begin), stack->end());
  Operands operands;
  for (size_t i = 0; i < count; ++i) (*stack)[begin + i] = taken(operands, given[i]);
  check_devices(schema.name() + "." + schema.overload_name(), operands.given);
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  for (size_t i = 0; i < operands.given.size(); ++i) {
    const Tensor &x = operands.given[i], &host = operands.host[i];
    if (is_ours(x) && host.sizes() != x.sizes()) become(x, on_device(host));
  }
  const size_t first = stack->size() - schema.returns().size();
  for (size_t r = 0; r < schema.returns().size(); ++r) {
    c10::IValue& value = (*stack)[first + r];
    const auto* alias = schema.returns()[r].alias_info();
    if (alias && alias->isWrite()) {
      for (size_t i = 0; i < count; ++i) {
        const auto* of_argument = schema.arguments()[i].alias_info();
        if (of_argument && *of_argument == *alias) value = given[i];
      }
    } else if (alias && value.isTensor()) {
      TORCH_CHECK(false, schema.name(), ": a view that the second device does not know");
    } else if (value.isTensor()) {
      value = on_device(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<Tensor> out;
      for (const Tensor& x : value.toTensorVector()) out.push_back(on_device(x));
      value = out;
    }
  }
}

Tensor empty(at::IntArrayRef size, c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
             c10::optional<at::Device>, c10::optional<bool>,
             c10::optional<at::MemoryFormat> format) {
  return Tensor(at::detail::empty_generic(size, &memory, kKeys, type.value_or(at::kFloat), format));
}

Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride,
                     c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
                     c10::optional<at::Device>, c10::optional<bool>) {
  return Tensor(
      at::detail::empty_strided_generic(size, stride, &memory, kKeys, type.value_or(at::kFloat)));
}

const Tensor& resize(const Tensor& x, at::IntArrayRef size,
                     c10::optional<at::MemoryFormat> format) {
  if (x.sizes() != size) become(x, empty(size, x.scalar_type(), {}, {}, {}, format));
  return x;
}

Tensor copy_from(const Tensor& from, const Tensor& to, bool) {
  ++operations;
  on_host(to).copy_(on_host(from));
  return to;
}

Tensor convolution(const Tensor& x, const Tensor& weight, const c10::optional<Tensor>& bias,
                   at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                   bool transposed, at::IntArrayRef output_padding, int64_t groups) {
  ++operations;
  check_devices("aten::convolution", {x, weight, bias.value_or(Tensor())});
  const Tensor b = bias && bias->defined() ? on_host(*bias) : Tensor();
  return on_device(at::convolution(on_host(x), on_host(weight), b, stride, padding, dilation,
                                   transposed, output_padding, groups));
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(
    const Tensor& grad, const Tensor& x, const Tensor& weight, at::IntArrayRef stride,
    at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
    at::IntArrayRef output_padding, int64_t groups, std::array<bool, 3> mask) {
  ++operations;
  check_devices("aten::convolution_backward", {grad, x, weight});
  const std::vector<int64_t> bias = {weight.size(0)};
  const auto [gx, gw, gb] =
      at::convolution_backward(on_host(grad), on_host(x), on_host(weight), at::IntArrayRef(bias),
                               stride, padding, dilation, transposed, output_padding, groups, mask);
  return {on_device(gx), on_device(gw), on_device(gb)};
}

void record_stream(Tensor&, c10::Stream) {}

}  // namespace

TORCH_LIBRARY_IMPL(_, XPU, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>());
}

TORCH_LIBRARY_IMPL(aten, XPU, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("resize_", &resize);
  library.impl("_copy_from", &copy_from);
  library.impl("as_strided", &at::native::as_strided_tensorimpl);
  library.impl("view", &at::native::view);
  library.impl("_reshape_alias", &at::native::_reshape_alias);
  library.impl("unfold", &at::native::unfold);
  library.impl("convolution_overrideable", &convolution);
  library.impl("convolution_backward_overrideable", &convolution_backward);
  library.impl("record_stream", &record_stream);
}

const char* no_second_device() { return ""; }
long second_device_operations() { return operations; }

}  // namespace likewise::testing

#endif
