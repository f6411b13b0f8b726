#include "likewise/train/checkpoint.hpp"

#include "likewise/base/error.hpp"

namespace likewise {

const std::string& Checkpoint::meta(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) {
    throw DataError("{}: not a checkpoint of likewise: '{}' is missing from its metadata", path, key);
  }
  return found->second;
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw UserError("there is no checkpoint {}", path.string());
  }
  const SafetensorsFile file(path);
  Checkpoint checkpoint;
  checkpoint.path = path.string();
  checkpoint.metadata = file.metadata();
  for (const auto& name : file.names()) checkpoint.tensors.emplace_back(name, read_tensor(file, name));
  return checkpoint;
}

void append_prefixed(NamedTensors& all, const std::string& prefix, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) all.emplace_back(prefix + name, tensor);
}

}  // namespace likewise
