#pragma once
// Readers and writers as functions of bytes. libFuzzer drives them (./check --fuzz); the tests of
// tests/hostile run them on the kept corpus and on everything that once broke one.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace likewise {

// `run` reads the bytes; it may throw UserError or DataError. Anything else that leaves it, a
// sanitizer's complaint, or a broken promise (below) is a finding.
struct FuzzTarget {
  const char* name;
  const char* what;
  void (*run)(std::span<const uint8_t>);
};

// All there are; see targets.cpp.
const std::vector<FuzzTarget>& fuzz_targets();
// Null when there is none of this name.
const FuzzTarget* find_fuzz_target(std::string_view name);

// Runs a target and swallows the errors that it may throw; checks that their message is one line of
// sane length without control characters.
void run_fuzz_target(const FuzzTarget& target, std::span<const uint8_t> bytes);

// A promise of the reader: throws std::logic_error, which is a finding, when it is broken.
void promise(bool kept, const char* what);

inline std::string_view as_text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// One each, grouped in files by what they read.
namespace fuzz {
using Bytes = std::span<const uint8_t>;
void jpeg(Bytes), png(Bytes), webp(Bytes), exif(Bytes);  // images.cpp
void tar(Bytes), gzip(Bytes), npz(Bytes), cache(Bytes);  // archives.cpp
void idx(Bytes), cifar(Bytes), npy(Bytes), sound(Bytes), series(Bytes), safetensors(Bytes),
    base64(Bytes);                                                       // arrays.cpp
void pickle(Bytes), torch(Bytes), shard_index(Bytes);                    // torch_files.cpp
void csv(Bytes), words(Bytes), shards(Bytes);                            // texts.cpp
void options(Bytes), arguments(Bytes), checkpoint(Bytes), sweep(Bytes);  // options.cpp
void json(Bytes), report(Bytes);                                         // reports.cpp
void onnx(Bytes), faiss(Bytes);                                          // writers.cpp
}  // namespace fuzz

}  // namespace likewise
