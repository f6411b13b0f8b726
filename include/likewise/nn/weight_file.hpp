#pragma once
// The tensors of a file or folder, whichever of the usual formats it is in.

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "likewise/nn/weights.hpp"

namespace likewise {

// Opens, by their contents:
//   a safetensors file            a file of torch.save, new or old, or of torch.jit.save
//   an index of several such files (model.safetensors.index.json, pytorch_model.bin.index.json)
//   a folder with one of these under the names that Hugging Face, timm and OpenCLIP give them
// Tensors are read when asked for. Throws UserError when there is nothing of the kind, DataError
// when it is broken. Copies are cheap.
class WeightFile {
 public:
  explicit WeightFile(const std::filesystem::path& path);

  struct Entry {
    std::string name;
    std::vector<int64_t> shape;
  };
  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* find(const std::string& name) const;  // null when there is none
  Tensor read(const std::string& name) const;
  NamedTensors read_all() const;

  const std::string& path() const { return path_; }
  const std::string& format() const { return format_; }  // "safetensors", "PyTorch", ...
  bool is_torchscript() const { return torchscript_; }

  // The metadata of a safetensors file, or the texts and numbers of a file of torch.save.
  const std::map<std::string, std::string>& values() const { return values_; }
  // What a file of torch.save holds besides and what was passed over, as "NAME: CLASS".
  const std::vector<std::string>& skipped() const { return skipped_; }

  // config.json, open_clip_config.json and preprocessor_config.json beside the weights, merged;
  // an empty object when there is none.
  const nlohmann::json& config() const { return *config_; }

 private:
  struct Part;  // one file
  void add_part(const std::filesystem::path& path);
  void open_index(const std::filesystem::path& path);
  void read_config(const std::filesystem::path& folder);

  std::string path_, format_;
  std::vector<std::shared_ptr<const Part>> parts_;
  std::vector<Entry> entries_;
  std::map<std::string, std::pair<size_t, size_t>> index_;  // part, entry
  std::map<std::string, std::string> values_;
  std::vector<std::string> skipped_;
  std::shared_ptr<const nlohmann::json> config_;
  bool torchscript_ = false;
};

}  // namespace likewise
