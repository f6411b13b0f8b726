#pragma once
// The safetensors file format: named tensors, little-endian, in C order, behind a JSON header.
//
//   u64 n | n bytes of JSON, padded with spaces | tensor bytes
//
// Source: github.com/huggingface/safetensors, README and tensor.rs.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "likewise/formats/mapped_file.hpp"

namespace likewise {

// Where a tensor lies: its bytes are [begin, end) after the header. dtype is one of BOOL U8 I8
// F8_E5M2 F8_E4M3 I16 U16 F16 BF16 I32 U32 F32 C64 F64 I64 U64. An empty shape is a scalar.
struct TensorInfo {
  std::string dtype;
  std::vector<int64_t> shape;
  int64_t begin = 0, end = 0;
};

// Bytes of one element; 0 for a name that the format does not know.
int64_t safetensors_item_size(std::string_view dtype);

// A safetensors file, fully checked when opened: sizes against shapes with overflow, no holes, no
// overlap, no repeated name, nothing after the last tensor. Throws DataError with the path and what
// is wrong. Copies are cheap and share the mapping.
class SafetensorsFile {
 public:
  // Maps the file; tensors are read from the disk when their bytes are touched.
  explicit SafetensorsFile(const std::filesystem::path& path);

  // Reads from memory that the caller keeps alive. `name` is only used in messages.
  SafetensorsFile(std::span<const uint8_t> bytes, const std::string& name);

  // In the order of the data.
  const std::vector<std::string>& names() const { return names_; }
  bool contains(const std::string& name) const { return tensors_.count(name) > 0; }

  // Both throw DataError that names the nearest names when there is none such.
  const TensorInfo& info(const std::string& name) const;
  std::span<const uint8_t> bytes(const std::string& name) const;  // may be unaligned

  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::string& path() const { return path_; }

  // Keeps the bytes alive for as long as it is held (null when they are the caller's).
  std::shared_ptr<const MappedFile> mapping() const { return mapping_; }

 private:
  void parse(std::span<const uint8_t> bytes);

  std::string path_;
  std::shared_ptr<const MappedFile> mapping_;
  std::span<const uint8_t> data_;
  std::vector<std::string> names_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, std::string> metadata_;
};

// A tensor to write; the bytes stay the caller's.
struct TensorView {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  std::span<const uint8_t> bytes;
};

// Writes the file whole or not at all, in the reference's order (wider types first, then by name),
// so that equal contents give equal bytes. Throws UserError for a repeated or reserved name, an
// unknown dtype, or bytes that do not fit the shape.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace likewise
