#include "likewise/formats/torch_file.hpp"

#include <cstring>

#include "formats/endian.hpp"
#include "formats/stored_zip.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/safetensors.hpp"

namespace likewise {

TorchFile::TorchFile(const std::filesystem::path& path)
    : path_(path.string()), mapping_(std::make_shared<const MappedFile>(path)) {
  parse(mapping_->bytes());
}

TorchFile::TorchFile(std::span<const uint8_t> bytes, const std::string& name) : path_(name) {
  parse(bytes);
}

bool TorchFile::recognises(std::span<const uint8_t> bytes) {
  return bytes.size() > 4 && (detail::load_little<uint32_t>(bytes.data()) == 0x04034b50 ||
                              (bytes[0] == 0x80 && bytes[1] <= 5));
}

const TorchTensor& TorchFile::info(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw DataError("{}: there is no tensor '{}'{}", path_, name, did_you_mean(name, names_));
  }
  return found->second.info;
}

std::vector<uint8_t> TorchFile::bytes(const std::string& name) const {
  info(name);
  const Stored& tensor = tensors_.at(name);
  const Storage& storage = storages_.at(tensor.storage);
  if (storage.checked && !*storage.checked) {
    detail::check_crc({storage.bytes, storage.crc, nullptr},
                      fmt::format("{}, tensor '{}'", path_, name));
    *storage.checked = true;
  }
  const auto& shape = tensor.info.shape;
  const auto item = static_cast<size_t>(safetensors_item_size(tensor.info.dtype));
  const int64_t size = detail::checked_size(shape, static_cast<int64_t>(item));
  std::vector<uint8_t> out(static_cast<size_t>(size));
  if (size == 0) return out;

  // The last dimensions that lie in C order are copied as one.
  size_t outer = shape.size();
  int64_t run = 1;
  while (outer > 0 && (shape[outer - 1] == 1 || tensor.strides[outer - 1] == run)) {
    run *= shape[--outer];
  }
  const size_t run_bytes = static_cast<size_t>(run) * item;
  std::vector<int64_t> at(outer, 0);
  int64_t position = tensor.offset;
  for (uint8_t* to = out.data(); to < out.data() + out.size(); to += run_bytes) {
    std::memcpy(to, storage.bytes.data() + static_cast<size_t>(position) * item, run_bytes);
    for (size_t d = outer; d-- > 0;) {
      position += tensor.strides[d];
      if (++at[d] < shape[d]) break;
      position -= tensor.strides[d] * shape[d];
      at[d] = 0;
    }
  }
  return out;
}

}  // namespace likewise
