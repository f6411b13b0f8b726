#pragma once
// What the measurements share.

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <malloc.h>

#include <cmath>
#include <cstdlib>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"

namespace likewise::bench {

// uint8 [C, H, W] of smooth shades with some noise.
inline Tensor natural_image(uint64_t seed, int64_t channels, int64_t height, int64_t width) {
  Tensor x = at::empty({channels, height, width}, at::kByte);
  Rng rng(seed);
  const double u = rng.uniform(0.02, 0.3), v = rng.uniform(0.02, 0.3);
  uint8_t* p = x.data_ptr<uint8_t>();
  for (int64_t c = 0; c < channels; ++c) {
    const double phase = rng.uniform(0.0, 6.0);
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t j = 0; j < width; ++j) {
        const double t = u * static_cast<double>(i) + v * static_cast<double>(j) + phase;
        *p++ = static_cast<uint8_t>(128.0 + 90.0 * std::sin(t) + rng.uniform(-20.0, 20.0));
      }
    }
  }
  return x;
}

inline Tensor normal(uint64_t seed, std::vector<int64_t> shape) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng(seed).fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

// As the program starts: no trimming of the heap, and OMP_NUM_THREADS threads, one if unset. What
// is compared with libtorch then has the same advantages. OPENBLAS_CORETYPE is for the caller to
// set (see bench/compare).
inline void prepare() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2147483647);
  const char* threads = std::getenv("OMP_NUM_THREADS");
  const int n = threads && std::atoi(threads) > 0 ? std::atoi(threads) : 1;
  at::set_num_threads(n);
  if (auto* set =
          reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set(n);
  }
}

}  // namespace likewise::bench

#define LIKEWISE_BENCH_MAIN()                                         \
  int main(int argc, char** argv) {                                   \
    likewise::bench::prepare();                                       \
    benchmark::Initialize(&argc, argv);                               \
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2; \
    benchmark::RunSpecifiedBenchmarks();                              \
    return 0;                                                         \
  }
