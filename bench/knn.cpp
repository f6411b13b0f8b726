// Exact k nearest neighbours of 1,000 queries among 50,000 x 512, k = 200: in tiles, and as a
// product and topk of libtorch.
#include <ATen/ops/matmul.h>
#include <ATen/ops/topk.h>

#include "likewise/eval/search.hpp"
#include "support.hpp"

namespace likewise {
namespace {

constexpr int64_t kRows = 50000, kQueries = 1000, kWidth = 512, kNeighbours = 200;

Tensor rows(uint64_t seed, int64_t n) {
  Tensor x = bench::normal(seed, {n, kWidth});
  return x / x.norm(2, {1}, true);
}

void tiles(benchmark::State& state) {
  const Tensor base = rows(1, kRows), queries = rows(2, kQueries);
  for (auto _ : state)
    benchmark::DoNotOptimize(top_k(queries, base, kNeighbours, Metric::kInnerProduct));
}

void product_and_topk(benchmark::State& state) {
  const Tensor base = rows(1, kRows), queries = rows(2, kQueries);
  for (auto _ : state)
    benchmark::DoNotOptimize(at::topk(at::matmul(queries, base.t()), kNeighbours, 1));
}

BENCHMARK(tiles)->Unit(benchmark::kMillisecond);
BENCHMARK(product_and_topk)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
