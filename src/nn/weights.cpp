#include "likewise/nn/weights.hpp"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise {

namespace {

constexpr std::pair<const char*, at::ScalarType> kDtypes[] = {
    {"F32", at::kFloat}, {"F64", at::kDouble}, {"F16", at::kHalf},  {"BF16", at::kBFloat16},
    {"I64", at::kLong},  {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},   {"BOOL", at::kBool}};

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

void append_names(std::string& text, const char* what, const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  if (names.empty()) return;
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + std::min(kShown, names.size()));
  text += fmt::format("; {} {} ({}{})", names.size(), what, join(shown, ", "),
                      names.size() > kShown ? ", ..." : "");
}

}  // namespace

std::string dtype_name(at::ScalarType type) {
  for (const auto& [name, scalar_type] : kDtypes) {
    if (scalar_type == type) return name;
  }
  throw UserError("tensors of type {} cannot be written as safetensors", c10::toString(type));
}

at::ScalarType dtype_from_name(const std::string& name) {
  for (const auto& [known, scalar_type] : kDtypes) {
    if (name == known) return scalar_type;
  }
  throw DataError(
      "tensors of type {} are not supported; F32, F64, F16, BF16, I64, I32, I16, I8, U8 "
      "and BOOL are",
      name);
}

TensorView tensor_view(const std::string& name, const Tensor& tensor) {
  LIKEWISE_CHECK(tensor.is_contiguous() && tensor.device().is_cpu(), "tensor {}", name);
  return {name, dtype_name(tensor.scalar_type()), tensor.sizes().vec(),
          std::span(static_cast<const uint8_t*>(tensor.data_ptr()),
                    static_cast<size_t>(tensor.numel() * tensor.element_size()))};
}

NamedTensors named_tensors(const torch::nn::Module& module) {
  NamedTensors tensors;
  for (const auto& item : module.named_parameters()) {
    tensors.emplace_back(item.key(), item.value().detach());
  }
  for (const auto& item : module.named_buffers()) {
    tensors.emplace_back(item.key(), item.value().detach());
  }
  return tensors;
}

std::string LoadReport::text() const {
  std::string text = fmt::format("{} tensors loaded", matched);
  append_names(text, "missing", missing);
  append_names(text, "unexpected", unexpected);
  append_names(text, "of another shape", mismatched);
  if (!adapted.empty()) text += "; " + join(adapted, ", ");
  append_names(text, "left over", left_over);
  return text;
}

LoadReport load_tensors(torch::nn::Module& module, const NamedTensors& tensors, Match match) {
  std::unordered_map<std::string, Tensor> given(tensors.begin(), tensors.end());
  LoadReport report;
  std::vector<std::pair<Tensor, Tensor>> copies;  // to, from
  for (auto& [name, target] : named_tensors(module)) {
    const auto found = given.find(name);
    if (found == given.end()) {
      report.missing.push_back(name);
      continue;
    }
    if (found->second.sizes() == target.sizes()) {
      copies.emplace_back(target, found->second);
    } else {
      report.mismatched.push_back(fmt::format("{}: has shape {}, expected {}", name,
                                              shape_text(found->second.sizes()),
                                              shape_text(target.sizes())));
    }
    given.erase(found);
  }
  for (const auto& [name, tensor] : tensors) {
    if (given.count(name)) report.unexpected.push_back(name);
  }
  report.matched = static_cast<int64_t>(copies.size());
  if (match == Match::kStrict && !report.complete()) {
    std::string text;
    append_names(text, "missing", report.missing);
    append_names(text, "unexpected", report.unexpected);
    append_names(text, "of another shape", report.mismatched);
    throw UserError("the weights do not fit the network: {} match{}", report.matched, text);
  }
  const c10::NoGradGuard no_grad;
  for (auto& [to, from] : copies) to.copy_(from);
  return report;
}

NamedTensors with_prefix(const NamedTensors& tensors, const std::string& prefix) {
  NamedTensors chosen;
  for (const auto& [name, tensor] : tensors) {
    if (name.compare(0, prefix.size(), prefix) == 0) {
      chosen.emplace_back(name.substr(prefix.size()), tensor);
    }
  }
  return chosen;
}

void copy_weights(const torch::nn::Module& from, torch::nn::Module& to) {
  load_tensors(to, named_tensors(from), Match::kStrict);
}

void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                   const std::map<std::string, std::string>& metadata) {
  std::vector<Tensor> held;  // owns the bytes that the views look at
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    held.push_back(tensor.detach().to(at::kCPU).contiguous());
    views.push_back(tensor_view(name, held.back()));
  }
  write_safetensors(path, views, metadata);
}

Tensor read_tensor(const SafetensorsFile& file, const std::string& name) {
  const TensorInfo& info = file.info(name);
  Tensor tensor = at::empty(info.shape, at::TensorOptions().dtype(dtype_from_name(info.dtype)));
  const auto bytes = file.bytes(name);
  if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

NamedTensors read_tensors(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  NamedTensors tensors;
  for (const std::string& name : file.names()) tensors.emplace_back(name, read_tensor(file, name));
  return tensors;
}

void save_weights(const std::filesystem::path& path, const torch::nn::Module& module,
                  const std::map<std::string, std::string>& metadata) {
  write_tensors(path, named_tensors(module), metadata);
}

LoadReport load_weights(const std::filesystem::path& path, torch::nn::Module& module, Match match) {
  try {
    return load_tensors(module, read_tensors(path), match);
  } catch (const UserError& error) {
    throw UserError("{}: {}", path.string(), error.what());
  }
}

}  // namespace likewise
