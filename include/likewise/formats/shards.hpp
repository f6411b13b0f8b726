#pragma once
// The index of weights that are spread over several files: model.safetensors.index.json or
// pytorch_model.bin.index.json beside them.
//
//   {"metadata": {"total_size": 123}, "weight_map": {"NAME": "model-00001-of-00002.safetensors"}}

#include <map>
#include <string>
#include <string_view>

namespace likewise {

// Tensor name to file name. `name` is only used in messages. Throws DataError when it is not such
// an index, or when a file is named that does not lie in the same folder.
std::map<std::string, std::string> parse_shard_index(std::string_view json,
                                                     const std::string& name);

}  // namespace likewise
