#include "formats/torch_globals.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace likewise::detail {

namespace {

using NamePair = std::pair<std::string_view, std::string_view>;

constexpr std::array<NamePair, 14> kTorchStorages = {{{"FloatStorage", "F32"},
                                                      {"DoubleStorage", "F64"},
                                                      {"HalfStorage", "F16"},
                                                      {"BFloat16Storage", "BF16"},
                                                      {"LongStorage", "I64"},
                                                      {"IntStorage", "I32"},
                                                      {"ShortStorage", "I16"},
                                                      {"CharStorage", "I8"},
                                                      {"ByteStorage", "U8"},
                                                      {"BoolStorage", "BOOL"},
                                                      {"ComplexFloatStorage", "C64"},
                                                      {"UntypedStorage", "U8"},
                                                      {"storage.UntypedStorage", "U8"},
                                                      {"storage._UntypedStorage", "U8"}}};

constexpr std::array<NamePair, 16> kTorchTypes = {{{"float32", "F32"},
                                                   {"float64", "F64"},
                                                   {"float16", "F16"},
                                                   {"bfloat16", "BF16"},
                                                   {"int64", "I64"},
                                                   {"int32", "I32"},
                                                   {"int16", "I16"},
                                                   {"int8", "I8"},
                                                   {"uint8", "U8"},
                                                   {"bool", "BOOL"},
                                                   {"uint16", "U16"},
                                                   {"uint32", "U32"},
                                                   {"uint64", "U64"},
                                                   {"complex64", "C64"},
                                                   {"float8_e5m2", "F8_E5M2"},
                                                   {"float8_e4m3fn", "F8_E4M3"}}};

constexpr std::array<std::pair<std::string_view, TorchCall>, 7> kTorchCalls = {
    {{"torch._utils._rebuild_tensor", TorchCall::kTensor},
     {"torch._utils._rebuild_tensor_v2", TorchCall::kTensor},
     {"torch._utils._rebuild_tensor_v3", TorchCall::kTensorOfType},
     {"torch._utils._rebuild_parameter", TorchCall::kParameter},
     {"torch._utils._rebuild_parameter_with_state", TorchCall::kParameter},
     {"torch._tensor._rebuild_from_type_v2", TorchCall::kWrapped},
     {"torch.Size", TorchCall::kSize}}};

// Harmless by themselves, and found beside weights: they become opaque.
constexpr std::array<std::string_view, 29> kPassedOver = {
    "torch.Tensor",
    "torch.nn.parameter.Parameter",
    "torch.nn.parameter.Buffer",
    "torch.device",
    "torch.torch_version.TorchVersion",
    "argparse.Namespace",
    "types.SimpleNamespace",
    "collections.deque",
    "datetime.datetime",
    "datetime.date",
    "datetime.timedelta",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.ndarray",
    "numpy.dtype",
    "_codecs.encode",  // bytes of protocol 2
    "copyreg._reconstructor",
    "builtins.object",
    "builtins.int",
    "builtins.float",
    "builtins.str",
    "builtins.bool",
    "builtins.complex",
};

// Settings and callbacks of training programs.
constexpr std::array<std::string_view, 10> kPassedOverModules = {
    "omegaconf.",   "pytorch_lightning.",    "lightning.", "lightning_fabric.",
    "yacs.config.", "fvcore.common.config.", "easydict.",  "addict.",
    "torch.optim.", "torch.jit._pickle."};

constexpr std::string_view kTorchScript = "__torch__.";

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix ? text.substr(prefix.size()) : std::string_view{};
}

}  // namespace

std::string_view torch_dtype(std::string_view global) {
  std::string_view name = without_prefix(global, "torch.cuda.");
  if (name.empty()) name = without_prefix(global, "torch.");
  for (const auto& [storage, dtype] : kTorchStorages) {
    if (storage == name) return dtype;
  }
  for (const auto& [type, dtype] : kTorchTypes) {
    if (type == name) return dtype;
  }
  return "";
}

TorchCall torch_call(std::string_view global) {
  for (const auto& [name, call] : kTorchCalls) {
    if (name == global) return call;
  }
  return is_torchscript_class(global) ? TorchCall::kModule : TorchCall::kOpaque;
}

bool is_torchscript_class(std::string_view global) {
  return !without_prefix(global, kTorchScript).empty();
}

bool known_torch_global(std::string_view global) {
  if (!torch_dtype(global).empty() || torch_call(global) != TorchCall::kOpaque) return true;
  if (std::find(kPassedOver.begin(), kPassedOver.end(), global) != kPassedOver.end()) return true;
  return std::any_of(
      kPassedOverModules.begin(), kPassedOverModules.end(),
      [&](std::string_view module) { return !without_prefix(global, module).empty(); });
}

}  // namespace likewise::detail
