// Arrays: sizes agree with shapes; what is written again is read again.
#include "fuzz/targets.hpp"
#include "likewise/formats/cifar.hpp"
#include "likewise/formats/idx.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/formats/safetensors.hpp"
#include "likewise/formats/series_table.hpp"
#include "likewise/formats/sound.hpp"
#include "likewise/report/base64.hpp"
#include "support/leaks.hpp"

namespace likewise::fuzz {

void idx(Bytes bytes) {
  const IdxArray array = read_idx(bytes, "file");
  promise(!array.shape.empty() && array.bytes.size() < bytes.size(), "a shape and its values");
}

void cifar(Bytes bytes) {
  if (bytes.empty()) return;
  const auto kind = bytes[0] & 1 ? CifarKind::cifar100 : CifarKind::cifar10;
  const CifarBatch batch = read_cifar(bytes.subspan(1), kind, "file");
  promise(static_cast<int64_t>(batch.pixels.size()) == batch.size() * 3072, "pixels of each label");
}

void npy(Bytes bytes) {
  const NpyArray array = read_npy(bytes, "file");
  const NpyArray again = read_npy(write_npy(array), "again");
  promise(again.dtype == array.dtype && again.shape == array.shape && again.bytes == array.bytes,
          "a written array is the same");
}

void sound(Bytes bytes) {
  const Sound sound = decode_sound(bytes, "file", 1 << 20);
  promise(sound.frames() > 0 &&
              sound.channels * sound.frames() == static_cast<int64_t>(sound.samples.size()),
          "frames of every channel");
}

void series(Bytes bytes) {
  const SeriesTable table = read_series(as_text(bytes), "file");
  for (const auto& channel : table.values) {
    promise(static_cast<int64_t>(channel.size()) == table.rows(), "a value a row");
  }
  promise(table.rows() > 0 && table.channels.size() == table.values.size(),
          "named channels with rows");
}

void safetensors(Bytes bytes) {
  const SafetensorsFile file(bytes, "file");
  size_t total = 0;
  for (const std::string& name : file.names()) total += file.bytes(name).size();
  promise(total < bytes.size(), "tensors inside the file");
}

void base64(Bytes bytes) {
  promise(base64_decode(base64_encode(bytes)) == std::vector<uint8_t>(bytes.begin(), bytes.end()),
          "decoding inverts encoding");
  promise(base64_decode(as_text(bytes)).size() <= bytes.size(), "decoding shrinks");
}

}  // namespace likewise::fuzz
