// likewise doctor
#include <dlfcn.h>
#include <fmt/format.h>
#include <png.h>
#include <torch/version.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "kernels/simd.hpp"
#include "likewise/base/text.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/nn/peaks.hpp"
#include "likewise/version.hpp"
#include "train/remembered.hpp"

// jpeglib.h wants FILE.
#include <jpeglib.h>

#define LIKEWISE_TEXT_OF(x) #x
#define LIKEWISE_TEXT(x) LIKEWISE_TEXT_OF(x)

namespace likewise::cli {

namespace {

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return trim(line.substr(line.find(':') + 1));
  }
  return "unknown";
}

std::string instruction_sets() {
  std::vector<std::string> found;
  if (__builtin_cpu_supports("avx2")) found.emplace_back("AVX2");
  if (__builtin_cpu_supports("fma")) found.emplace_back("FMA");
  if (__builtin_cpu_supports("avx512f")) found.emplace_back("AVX-512");
  if (__builtin_cpu_supports("avx512bf16")) found.emplace_back("AVX-512 bf16");
  return found.empty() ? "baseline only" : join(found, ", ");
}

// The file that the matrix product comes from.
std::string blas_file() {
  void* symbol = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info{};
  return symbol && dladdr(symbol, &info) ? info.dli_fname : "inside libtorch";
}

// Versions of the libraries that read images, as they were compiled against.
std::string codecs() {
  return fmt::format("JPEG ({} {}), PNG (libpng {}), WebP",
#ifdef LIBJPEG_TURBO_VERSION
                     "libjpeg-turbo", LIKEWISE_TEXT(LIBJPEG_TURBO_VERSION),
#else
                     "libjpeg", JPEG_LIB_VERSION,
#endif
                     PNG_LIBPNG_VER_STRING);
}

std::string memory_size() {
  std::ifstream info("/proc/meminfo");
  int64_t total = 0, available = 0;
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("MemTotal:", 0) == 0) total = std::atoll(line.c_str() + 9);
    if (line.rfind("MemAvailable:", 0) == 0) available = std::atoll(line.c_str() + 13);
  }
  return fmt::format("{:.1f} GB, {:.1f} GB free", 1.024e-6 * static_cast<double>(total),
                     1.024e-6 * static_cast<double>(available));
}

// Average load of the last minute, or below zero.
double load() {
  double averages[1] = {-1};
  return getloadavg(averages, 1) == 1 ? averages[0] : -1;
}

std::string giga(double per_second) { return fmt::format("{:.0f}", 1e-9 * per_second); }

void row(const char* name, const std::string& value) { fmt::print("  {:<16}{}\n", name, value); }

}  // namespace

int run_doctor(const std::vector<std::string>&) {
  const double busy = load();
  const int threads = set_threads(0);
  const auto processors = static_cast<int>(std::thread::hardware_concurrency());
  fmt::print("likewise {}\n", kVersion);
  row("processor", processor_name());
  row("instructions", fmt::format("{}; kernels use {}", instruction_sets(),
                                  kernels::simd_name(kernels::best_simd())));
  row("threads", fmt::format("{} of {} processors", threads, processors));
  row("memory", memory_size());
  row("libtorch", TORCH_VERSION);
  const std::string blas = blas_file();
  row("BLAS", blas);
  const char* core = std::getenv("OPENBLAS_CORETYPE");
  if (core) row("", fmt::format("OPENBLAS_CORETYPE={}", core));
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  row("OpenMP waiting", policy ? policy : "default");
  row("heap", "kept between steps (no trimming)");
  row("codecs", codecs());
  const GpuFacts gpu = gpu_facts();
  row("GPU", gpu.text());
  const MachinePeaks peaks = measure_peaks();
  row("fp32", fmt::format("{} GFLOP/s in registers, {} in a matrix product", giga(peaks.fp32),
                          giga(peaks.fp32_matrix)));
  row("bf16", fmt::format("{} GFLOP/s in a matrix product", giga(peaks.bf16_matrix)));
  row("memory speed", fmt::format("{:.1f} GB/s", 1e-9 * peaks.memory));
  const PrecisionChoice choice = likewise::detail::remembered_precision(/*anew=*/true);
  row("precision", fmt::format("{} ({})", precision_name(choice.precision), choice.reason));

  std::vector<std::string> troubles;
  if (!gpu.usable() && !gpu.driver.empty()) {
    troubles.push_back("a GPU is here and is not used. Cure: " + gpu.cure());
  }
  if (peaks.fp32_matrix < 0.25 * peaks.fp32) {
    troubles.push_back(fmt::format(
        "matrix products reach {:.0f} % of what the processor can do: the BLAS ({}) looks like the "
        "reference one or does not know this processor. Cure: apt-get install "
        "libopenblas0-pthread, "
        "and leave OPENBLAS_CORETYPE unset, then likewise sets it",
        100 * peaks.fp32_matrix / peaks.fp32, blas));
  }
  if (threads < processors) {
    troubles.push_back(
        fmt::format("{} of {} processors are used. Cure: unset OMP_NUM_THREADS, or "
                    "start without taskset",
                    threads, processors));
  }
  if (busy > 0.5 * processors) {
    troubles.push_back(
        fmt::format("other programs keep {:.1f} of {} processors busy; figures above "
                    "are lower for it. Cure: wait for them, or --threads fewer",
                    busy, processors));
  }
  if (kernels::best_simd() == kernels::Simd::kPortable) {
    troubles.emplace_back(
        "the kernels for any processor are in use, slower than those for AVX2. Cure: "
        "unset LIKEWISE_SIMD, or a processor of the last ten years");
  }
  fmt::print("\n");
  if (troubles.empty()) fmt::print("Nothing here slows likewise down.\n");
  for (const std::string& trouble : troubles) fmt::print("Slow: {}.\n", trouble);
  return 0;
}

}  // namespace likewise::cli
