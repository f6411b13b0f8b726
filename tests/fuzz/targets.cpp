#include "fuzz/targets.hpp"

#include <stdexcept>

#include "likewise/base/error.hpp"

namespace likewise {

const std::vector<FuzzTarget>& fuzz_targets() {
  static const std::vector<FuzzTarget> targets = {
      {"jpeg", "JPEG images", fuzz::jpeg},
      {"png", "PNG images", fuzz::png},
      {"webp", "WebP images", fuzz::webp},
      {"exif", "EXIF orientation", fuzz::exif},
      {"tar", "tar shards", fuzz::tar},
      {"gzip", "gzip files", fuzz::gzip},
      {"npz", "npz archives", fuzz::npz},
      {"cache", "cached indexes", fuzz::cache},
      {"idx", "IDX files", fuzz::idx},
      {"cifar", "CIFAR batches", fuzz::cifar},
      {"npy", "npy arrays", fuzz::npy},
      {"sound", "sound files", fuzz::sound},
      {"series", "recordings as text", fuzz::series},
      {"safetensors", "safetensors files", fuzz::safetensors},
      {"base64", "base64 text", fuzz::base64},
      {"pickle", "pickles", fuzz::pickle},
      {"torch", "files of torch.save", fuzz::torch},
      {"shard_index", "indices of sharded weights", fuzz::shard_index},
      {"csv", "CSV tables", fuzz::csv},
      {"words", "texts in messages and pages", fuzz::words},
      {"shards", "names of shards", fuzz::shards},
      {"options", "run files (TOML)", fuzz::options},
      {"arguments", "command lines", fuzz::arguments},
      {"checkpoint", "metadata of checkpoints", fuzz::checkpoint},
      {"sweep", "sweep files (TOML)", fuzz::sweep},
      {"json", "the report's JSON reader", fuzz::json},
      {"report", "pages of run folders", fuzz::report},
      {"onnx", "written ONNX graphs", fuzz::onnx},
      {"faiss", "written FAISS indices", fuzz::faiss},
  };
  return targets;
}

const FuzzTarget* find_fuzz_target(std::string_view name) {
  for (const FuzzTarget& target : fuzz_targets()) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

void promise(bool kept, const char* what) {
  if (!kept) throw std::logic_error(std::string("a broken promise: ") + what);
}

void run_fuzz_target(const FuzzTarget& target, std::span<const uint8_t> bytes) {
  const auto check_message = [](const Error& error) {
    const std::string_view message = error.what();
    promise(!message.empty() && message.size() < 5000, "a message of sane length");
    for (const char c : message) {
      promise(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a message in one line");
    }
  };
  try {
    target.run(bytes);
  } catch (const UserError& error) {
    check_message(error);
  } catch (const DataError& error) {
    check_message(error);
  }
}

}  // namespace likewise
