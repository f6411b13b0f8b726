#include "train/remembered.hpp"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/version.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "data/cache_file.hpp"
#include "data/stable_hash.hpp"
#include "data/stamped.hpp"
#include "kernels/simd.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/options.hpp"
#include "likewise/train/prepare.hpp"
#include "likewise/version.hpp"

namespace likewise::detail {

namespace {

constexpr std::string_view kPrecisionTag = "likewise precision, version 1";
constexpr std::string_view kStatsTag = "likewise image statistics, version 1";

// Model and instruction sets, as the processor itself tells them.
std::string processor_key() {
  std::string key;
#if defined(__x86_64__)
  const auto add = [&key](unsigned leaf, bool a, bool b, bool c, bool d) {
    unsigned r[4] = {};
    __get_cpuid_count(leaf, 0, &r[0], &r[1], &r[2], &r[3]);
    const bool wanted[4] = {a, b, c, d};
    for (int i = 0; i < 4; ++i) {
      if (wanted[i]) key += fmt::format("{:08x}", r[i]);
    }
  };
  add(1, true, false, true, true);  // the second register has the number of this core
  add(7, false, true, true, true);
  for (const unsigned name : {0x80000002u, 0x80000003u, 0x80000004u}) {
    add(name, true, true, true, true);
  }
#endif
  return key;
}

// What a trial's result depends on.
std::string precision_key() {
  std::string key =
      fmt::format("{}, libtorch {}, {}, {} threads, processor {}", kVersion, TORCH_VERSION,
                  kernels::simd_name(kernels::best_simd()), at::get_num_threads(), processor_key());
  for (const char* variable : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    if (const char* value = std::getenv(variable)) key += fmt::format(", {}={}", variable, value);
  }
  return key;
}

std::string precision_file(const std::string& key) {
  return fmt::format("precision-{:016x}.bin", stable_hash(key));
}

std::optional<PrecisionChoice> earlier_precision(const std::string& key) {
  const auto packed = read_cache(precision_file(key), kPrecisionTag);
  if (!packed) return {};
  ByteReader reader(*packed);
  if (reader.text() != key) return {};
  PrecisionChoice choice;
  const int64_t precision = reader.number();
  choice.fp32_ms = 1e-6 * static_cast<double>(reader.number());
  choice.bf16_ms = 1e-6 * static_cast<double>(reader.number());
  if (!reader.at_end() || precision < 0 || precision > 1) return {};
  choice.precision = precision == 1 ? Precision::kBf16 : Precision::kFp32;
  choice.reason = fmt::format(
      "a trial step took {:.1f} ms in fp32 and {:.1f} ms in bf16 at an earlier start; `likewise "
      "doctor` measures anew",
      choice.fp32_ms, choice.bf16_ms);
  return choice;
}

void keep_precision(const std::string& key, const PrecisionChoice& choice) {
  ByteWriter writer;
  writer.text(key);
  writer.number(choice.precision == Precision::kBf16 ? 1 : 0);
  writer.number(std::llround(1e6 * choice.fp32_ms));
  writer.number(std::llround(1e6 * choice.bf16_ms));
  write_cache(precision_file(key), kPrecisionTag, writer.buffer());
}

// A number for the files that sample_images reads; 0 when one of them cannot tell.
uint64_t stamp_of_samples(const Dataset& data, int64_t count) {
  const int64_t n = data.size(), wanted = std::min(n, count);
  uint64_t sum = stable_hash(kVersion, static_cast<uint64_t>(wanted));
  for (int64_t k = 0; k < wanted; ++k) {
    const int64_t i = k * n / wanted;
    const uint64_t stamp = stamp_of(data, i);
    if (stamp == 0) return 0;
    sum = mix64(sum ^ stamp) + static_cast<uint64_t>(i);
  }
  return sum | 1;
}

std::optional<ImageStats> earlier_stats(const std::string& name, uint64_t stamp) {
  const auto packed = read_cache(name, kStatsTag);
  if (!packed) return {};
  ByteReader reader(*packed);
  if (static_cast<uint64_t>(reader.number()) != stamp) return {};
  const std::string text = reader.text();
  if (!reader.at_end()) return {};
  ImageStats stats;
  Fields(stats).read_toml(text, name);
  return stats;
}

}  // namespace

bool machine_is_busy() {
  double averages[1] = {0};
  return getloadavg(averages, 1) == 1 &&
         averages[0] > 0.5 * std::max(1u, std::thread::hardware_concurrency());
}

PrecisionChoice remembered_precision(bool anew, bool keep) {
  const std::string key = precision_key();
  if (!anew) {
    if (auto earlier = earlier_precision(key)) return *earlier;
  }
  PrecisionChoice choice = choose_precision();
  if (choice.fp32_ms > 0 && keep) keep_precision(key, choice);
  return choice;
}

ImageStats remembered_stats(const Dataset& data, int64_t count) {
  const uint64_t stamp = stamp_of_samples(data, count);
  if (stamp == 0) return measure_images(sample_images(data, count));
  const std::string place = std::filesystem::absolute(data.info().name).string();
  const std::string name =
      fmt::format("stats-{:016x}.bin", stable_hash(place, static_cast<uint64_t>(count)));
  if (auto earlier = earlier_stats(name, stamp)) return *earlier;
  ImageStats stats = measure_images(sample_images(data, count));
  ByteWriter writer;
  writer.number(static_cast<int64_t>(stamp));
  writer.text(Fields(stats).to_toml());
  write_cache(name, kStatsTag, writer.buffer());
  return stats;
}

}  // namespace likewise::detail
