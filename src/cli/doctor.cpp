// likewise doctor
#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/text.hpp"
#include "likewise/nn/precision.hpp"
#include "likewise/version.hpp"

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

double matrix_gflops() {
  constexpr int64_t kSize = 1024;
  const auto a = at::rand({kSize, kSize}), b = at::rand({kSize, kSize});
  at::mm(a, b);
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    at::mm(a, b);
    best = std::min(best,
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 2.0 * kSize * kSize * kSize / best / 1e9;
}

void row(const char* name, const std::string& value) { fmt::print("  {:<16}{}\n", name, value); }

}  // namespace

int run_doctor(const std::vector<std::string>&) {
  const int threads = set_threads(0);
  fmt::print("likewise {}\n", kVersion);
  row("processor", processor_name());
  row("instructions", instruction_sets());
  row("threads", fmt::format("{} of {} processors", threads, std::thread::hardware_concurrency()));
  row("libtorch", TORCH_VERSION);
  const std::string blas = blas_file();
  const double gflops = matrix_gflops();
  row("BLAS", fmt::format("{}, {:.0f} GFLOP/s in fp32", blas, gflops));
  const PrecisionChoice choice = choose_precision();
  row("precision", fmt::format("{} ({})", precision_name(choice.precision), choice.reason));
  const char* policy = std::getenv("OMP_WAIT_POLICY");
  row("OpenMP waiting", policy ? policy : "default");
  if (gflops < 10.0 * threads) {
    fmt::print("\nMatrix products are slow here: the BLAS looks like the reference one. Cure: apt-get "
               "install libopenblas0-pthread\n");
  }
  return 0;
}

}  // namespace likewise::cli
