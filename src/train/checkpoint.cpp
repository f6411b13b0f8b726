#include "likewise/train/checkpoint.hpp"

#include <charconv>

#include "likewise/base/error.hpp"

namespace likewise {

const std::string& Checkpoint::meta(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) {
    throw DataError("{}: not a checkpoint of likewise: '{}' is missing from its metadata", path,
                    key);
  }
  return found->second;
}

namespace {

template <class T>
T number_of(const Checkpoint& checkpoint, const std::string& key) {
  const std::string& text = checkpoint.meta(key);
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0)) {
    throw DataError("{}: '{}' is '{}' in its metadata; expected a number from 0", checkpoint.path,
                    key, text);
  }
  return value;
}

}  // namespace

int64_t Checkpoint::integer(const std::string& key) const { return number_of<int64_t>(*this, key); }
double Checkpoint::real(const std::string& key) const { return number_of<double>(*this, key); }

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw UserError("there is no checkpoint {}", path.string());
  }
  const SafetensorsFile file(path);
  Checkpoint checkpoint;
  checkpoint.path = path.string();
  checkpoint.metadata = file.metadata();
  for (const auto& name : file.names())
    checkpoint.tensors.emplace_back(name, read_tensor(file, name));
  return checkpoint;
}

void append_prefixed(NamedTensors& all, const std::string& prefix, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) all.emplace_back(prefix + name, tensor);
}

}  // namespace likewise
