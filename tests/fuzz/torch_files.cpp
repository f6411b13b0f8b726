// Weights that other programs saved.
#include "fuzz/targets.hpp"
#include "likewise/formats/pickle.hpp"
#include "likewise/formats/shards.hpp"
#include "likewise/formats/torch_file.hpp"

namespace likewise::fuzz {

void pickle(Bytes bytes) {
  const Pickle tree = parse_pickle(bytes, "file", [](std::string_view) { return true; });
  promise(tree.size <= bytes.size() && tree.root < tree.values.size(), "a root inside the tree");
  for (const PickleValue& value : tree.values) {
    for (const uint32_t item : value.items) promise(item < tree.values.size(), "items in the tree");
    if (value.kind == PickleValue::Kind::kDict) promise(value.items.size() % 2 == 0, "pairs");
  }
}

void torch(Bytes bytes) {
  if (!TorchFile::recognises(bytes)) return;
  const TorchFile file(bytes, "file");
  for (const std::string& name : file.names()) {
    int64_t elements = 1;
    bool large = false;
    for (const int64_t extent : file.info(name).shape) {
      promise(extent >= 0, "lengths from 0");
      large = large || __builtin_mul_overflow(elements, extent, &elements) || elements > 1 << 20;
    }
    if (large) continue;  // a view may be larger than its storage; only time is lost on it here
    promise(elements == 0 || !file.bytes(name).empty(), "values of a tensor");
  }
}

void shard_index(Bytes bytes) {
  for (const auto& [tensor, file] : parse_shard_index(as_text(bytes), "index.json")) {
    promise(!file.empty() && file.find('/') == std::string::npos && file != "." && file != "..",
            "a file in the same folder");
  }
}

}  // namespace likewise::fuzz
