#pragma once
// What files of torch.save may name, and what becomes of it.

#include <string>
#include <string_view>

namespace likewise::detail {

// "F32" for torch.FloatStorage, torch.cuda.FloatStorage and torch.float32; "U8" for untyped
// storages; "" for anything else.
std::string_view torch_dtype(std::string_view global);

enum class TorchCall { kTensor, kTensorOfType, kParameter, kWrapped, kSize, kModule, kOpaque };

// torch._utils._rebuild_tensor_v2 -> kTensor, ... What is neither tensor, size nor module is
// kOpaque.
TorchCall torch_call(std::string_view global);

// True for all that tensors are made of, and for settings that training programs put beside them,
// which are passed over.
bool known_torch_global(std::string_view global);

// Classes of compiled programs (torch.jit.save): named collections of attributes.
bool is_torchscript_class(std::string_view global);

}  // namespace likewise::detail
