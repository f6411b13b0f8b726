#include "likewise/nn/weight_file.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/mapped_file.hpp"
#include "likewise/formats/shards.hpp"
#include "likewise/formats/torch_file.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

constexpr const char* kWeightNames[] = {
    "model.safetensors", "model.safetensors.index.json", "open_clip_model.safetensors",
    "pytorch_model.bin", "pytorch_model.bin.index.json", "open_clip_pytorch_model.bin"};

bool is_index(const fs::path& path) { return path.string().ends_with(".index.json"); }

fs::path weights_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const char* name : kWeightNames) {
    if (fs::exists(folder / name)) return folder / name;
    names.emplace_back(name);
  }
  throw UserError("{}: there are no weights in this folder; looked for {}", folder.string(),
                  join(names, ", "));
}

// A clear word for files that are something else altogether.
void check_safetensors(std::span<const uint8_t> bytes, const std::string& path) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.substr(0, 40).find("git-lfs") != std::string_view::npos) {
    throw DataError(
        "{}: a pointer of Git LFS, not the weights themselves; git lfs pull fetches them", path);
  }
  if (bytes.size() < 9 || bytes[8] != '{') {
    throw DataError("{}: neither a safetensors file nor one of torch.save", path);
  }
}

}  // namespace

struct WeightFile::Part {
  std::optional<SafetensorsFile> safetensors;
  std::optional<TorchFile> torch;
};

WeightFile::WeightFile(const fs::path& given)
    : path_(given.string()), config_(std::make_shared<nlohmann::json>(nlohmann::json::object())) {
  if (!fs::exists(given)) throw UserError("there is no {}", path_);
  const fs::path path = fs::is_directory(given) ? weights_in(given) : given;
  if (is_index(path)) {
    open_index(path);
  } else {
    add_part(path);
  }
  read_config(path.parent_path());
}

void WeightFile::add_part(const fs::path& path) {
  auto part = std::make_shared<Part>();
  const size_t number = parts_.size();
  const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) {
    if (!index_.emplace(name, std::pair(number, entries_.size())).second) {
      throw DataError("{}: the tensor '{}' is in two files", path_, name);
    }
    entries_.push_back({name, shape});
  };
  bool is_torch = false;
  {
    const MappedFile file(path);
    is_torch = TorchFile::recognises(file.bytes());
    if (!is_torch) check_safetensors(file.bytes(), path.string());
  }
  if (is_torch) {
    part->torch.emplace(path);
    const TorchFile& file = *part->torch;
    for (const auto& name : file.names()) add(name, file.info(name).shape);
    values_.insert(file.values().begin(), file.values().end());
    skipped_.insert(skipped_.end(), file.skipped().begin(), file.skipped().end());
    torchscript_ = torchscript_ || file.is_torchscript();
    format_ = torchscript_ ? "TorchScript" : "PyTorch";
  } else {
    part->safetensors.emplace(path);
    const SafetensorsFile& file = *part->safetensors;
    for (const auto& name : file.names()) add(name, file.info(name).shape);
    values_.insert(file.metadata().begin(), file.metadata().end());
    format_ = "safetensors";
  }
  parts_.push_back(std::move(part));
}

void WeightFile::open_index(const fs::path& path) {
  const auto files = parse_shard_index(read_text(path), path.string());
  std::vector<std::string> names;  // each file once, in the order of the names
  for (const auto& [tensor, file] : files) names.push_back(file);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const auto& name : names) {
    if (!fs::exists(path.parent_path() / name)) {
      throw DataError("{}: the index names {}, which is not there", path.string(), name);
    }
    add_part(path.parent_path() / name);
  }
  for (const auto& [tensor, file] : files) {
    if (!index_.count(tensor)) {
      throw DataError("{}: '{}' is not in {}, where the index says it is", path.string(), tensor,
                      file);
    }
  }
  format_ = fmt::format("{} in {} files", format_, names.size());
}

// Files that describe the weights; a broken one describes nothing.
void WeightFile::read_config(const fs::path& folder) {
  constexpr size_t kMostConfigBytes = 1 << 20;
  nlohmann::json all = nlohmann::json::object();
  for (const char* name : {"config.json", "open_clip_config.json", "preprocessor_config.json"}) {
    std::error_code none;
    const auto size = fs::file_size(folder / name, none);
    if (none || size > kMostConfigBytes) continue;
    const auto flat = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
      return depth < 32;
    };
    const auto json = nlohmann::json::parse(read_text(folder / name), flat, false);
    if (json.is_object()) all.update(json);
  }
  config_ = std::make_shared<const nlohmann::json>(std::move(all));
}

const WeightFile::Entry* WeightFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second.second];
}

Tensor WeightFile::read(const std::string& name) const {
  const auto found = index_.find(name);
  LIKEWISE_CHECK(found != index_.end(), "no tensor {} in {}", name, path_);
  const Part& part = *parts_[found->second.first];
  if (part.safetensors) return read_tensor(*part.safetensors, name);
  const TorchTensor& info = part.torch->info(name);
  const auto bytes = part.torch->bytes(name);
  Tensor tensor = at::empty(info.shape, at::TensorOptions().dtype(dtype_from_name(info.dtype)));
  if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

NamedTensors WeightFile::read_all() const {
  NamedTensors tensors;
  for (const Entry& entry : entries_) tensors.emplace_back(entry.name, read(entry.name));
  return tensors;
}

}  // namespace likewise
