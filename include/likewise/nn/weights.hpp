#pragma once
// The tensors of a module by name, into it and out of it, and as safetensors files.

#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "likewise/formats/safetensors.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// Parameters, then buffers, each in the order of registration. The tensors share the module's
// memory and carry no gradient.
NamedTensors named_tensors(const torch::nn::Module& module);

// What loading found. Names are the module's, but for `unexpected`.
struct LoadReport {
  int64_t matched = 0;
  std::vector<std::string> missing;     // in the module, not among the tensors
  std::vector<std::string> unexpected;  // among the tensors, not in the module
  std::vector<std::string> mismatched;  // "name: has shape [..], expected [..]"
  std::vector<std::string> adapted;     // loaded after a change of size: what was done
  std::vector<std::string> left_over;   // of a foreign file: heads and the like, under its names

  bool complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
  std::string text() const;  // one sentence, with the first names of each list
};

enum class Match {
  kStrict,   // anything missing, unexpected or of another shape is a UserError; nothing is changed
  kLenient,  // what fits is loaded
};

// Copies tensors of equal name and shape into the module, converting type, device and layout.
LoadReport load_tensors(torch::nn::Module& module, const NamedTensors& tensors,
                        Match match = Match::kStrict);

// The tensors whose names begin with `prefix`, without it: "encoder." of a whole method, say.
NamedTensors with_prefix(const NamedTensors& tensors, const std::string& prefix);

// Makes `to`'s tensors equal to `from`'s: a target network at the start. Same architecture.
void copy_weights(const torch::nn::Module& from, torch::nn::Module& to);

void save_weights(const std::filesystem::path& path, const torch::nn::Module& module,
                  const std::map<std::string, std::string>& metadata = {});
LoadReport load_weights(const std::filesystem::path& path, torch::nn::Module& module,
                        Match match = Match::kStrict);

void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                   const std::map<std::string, std::string>& metadata = {});
NamedTensors read_tensors(const std::filesystem::path& path);  // in the order of the file

// One tensor of a file, copied.
Tensor read_tensor(const SafetensorsFile& file, const std::string& name);

// "F32", "F64", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL". Other types: UserError, or
// DataError for a name.
std::string dtype_name(at::ScalarType type);
at::ScalarType dtype_from_name(const std::string& name);

// A view of the bytes of a tensor on the host that is contiguous in C order and outlives it.
TensorView tensor_view(const std::string& name, const Tensor& tensor);

}  // namespace likewise
