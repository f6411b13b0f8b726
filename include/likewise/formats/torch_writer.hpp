#pragma once
// PyTorch's files of tensors: what torch.load(path, weights_only=True) reads as a dict from names
// to tensors, and load_state_dict takes.
//
// A zip archive: archive/data.pkl is the pickled dict, archive/data/0, 1, ... hold the values of
// the tensors, little-endian. Source: torch/serialization.py and torch/_utils.py.

#include <filesystem>
#include <vector>

#include "likewise/formats/safetensors.hpp"

namespace likewise {

// Types are those of safetensors that PyTorch has storages for: BOOL U8 I8 I16 I32 I64 F16 BF16 F32
// F64. Written whole or not at all. Throws UserError for another type, a repeated name, or bytes
// that do not fit the shape.
void write_torch_file(const std::filesystem::path& path, const std::vector<TensorView>& tensors);

}  // namespace likewise
