#pragma once
// Files of torch.save (.pt, .pth, .ckpt, .bin): the tensors in them, by name, without running
// anything and without torch.
//
//   since torch 1.6   a zip archive: NAME/data.pkl, NAME/data/0, NAME/data/1, ...
//   before            five pickles in a row, then the storages
//
// Archives of torch.jit.save are read the same way: attributes become names, code is left alone.
// Source: torch/serialization.py, torch/_utils.py.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "likewise/formats/mapped_file.hpp"

namespace likewise {

struct TorchTensor {
  std::string dtype;  // as in safetensors: F32, BF16, I64, ...
  std::vector<int64_t> shape;
};

// A file of torch.save, checked when opened: every tensor lies inside its storage. Names are the
// keys on the way to a tensor, joined by '/': "state_dict/module.conv1.weight". Throws DataError
// with the path and what is wrong; a class or function that weights do not need is refused by its
// name. Copies are cheap.
class TorchFile {
 public:
  explicit TorchFile(const std::filesystem::path& path);

  // Reads from memory that the caller keeps alive. `name` is only used in messages.
  TorchFile(std::span<const uint8_t> bytes, const std::string& name);

  // Whether a file that begins like this may be one.
  static bool recognises(std::span<const uint8_t> bytes);

  const std::vector<std::string>& names() const { return names_; }  // in the order of the file
  bool contains(const std::string& name) const { return tensors_.count(name) > 0; }
  const TorchTensor& info(const std::string& name) const;

  // The values in C order, copied. Throws DataError when the storage's checksum is wrong.
  std::vector<uint8_t> bytes(const std::string& name) const;

  // Texts, numbers and truth values by name, as text: "epoch" -> "12".
  const std::map<std::string, std::string>& values() const { return values_; }

  // What was passed over, as "NAME: CLASS": settings, callbacks, numpy values.
  const std::vector<std::string>& skipped() const { return skipped_; }

  bool is_torchscript() const { return torchscript_; }
  const std::string& path() const { return path_; }

 private:
  friend class TorchFileReader;
  struct Stored {
    TorchTensor info;
    std::vector<int64_t> strides;
    int64_t offset = 0;   // elements
    std::string storage;  // key of storages_
  };
  struct Storage {
    std::span<const uint8_t> bytes;
    uint32_t crc = 0;
    std::shared_ptr<std::atomic<bool>> checked;  // of the checksum; null when there is none
  };

  void parse(std::span<const uint8_t> bytes);

  std::string path_;
  std::shared_ptr<const MappedFile> mapping_;
  std::vector<std::string> names_;
  std::map<std::string, Stored> tensors_;
  std::map<std::string, Storage> storages_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> skipped_;
  bool torchscript_ = false;
};

}  // namespace likewise
