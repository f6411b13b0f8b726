// Inner products of 1,152 rows with 1,152 rows of D floats: our tiles, and libtorch's product,
// which is that of the BLAS installed.
#include "kernels/products.hpp"

#include <ATen/ops/matmul.h>

#include "support.hpp"

namespace likewise {
namespace {

constexpr int64_t kRows = 1152;

void count(benchmark::State& state) {
  state.counters["FLOP/s"] =
      benchmark::Counter(2.0 * kRows * kRows * static_cast<double>(state.range(0)),
                         benchmark::Counter::kIsIterationInvariantRate);
}

void tiles(benchmark::State& state) {
  const int64_t d = state.range(0);
  const Tensor a = bench::normal(1, {kRows, d}), b = bench::normal(2, {kRows, d});
  Tensor c = bench::normal(3, {kRows, kRows});
  for (auto _ : state) {
    kernels::inner_products(a.data_ptr<float>(), kRows, b.data_ptr<float>(), kRows, d,
                            c.data_ptr<float>(), kRows);
  }
  count(state);
}

void libtorch(benchmark::State& state) {
  const int64_t d = state.range(0);
  const Tensor a = bench::normal(1, {kRows, d}), b = bench::normal(2, {kRows, d});
  for (auto _ : state) benchmark::DoNotOptimize(at::matmul(a, b.t()));
  count(state);
}

BENCHMARK(tiles)->Unit(benchmark::kMicrosecond)->RangeMultiplier(2)->Range(64, 1024);
BENCHMARK(libtorch)->Unit(benchmark::kMicrosecond)->RangeMultiplier(2)->Range(64, 1024);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
