// NT-Xent, value and gradient: in tiles, and as autograd of matrix operations.
#include "likewise/losses/nt_xent.hpp"
#include "support.hpp"

namespace likewise {
namespace {

void loss(benchmark::State& state, bool plain) {
  const int64_t n = state.range(0), d = 128;
  const Tensor z0 = bench::normal(1, {n, d}).set_requires_grad(true);
  const Tensor z1 = bench::normal(2, {n, d}).set_requires_grad(true);
  const NtXentOptions options{.temperature = 0.5};
  for (auto _ : state) {
    (plain ? nt_xent_plain(z0, z1, options) : nt_xent(z0, z1, options)).backward();
    z0.mutable_grad().reset();
    z1.mutable_grad().reset();
  }
  // two products of 2N x 2N x D for the value's similarities (once, symmetric) and the gradient
  state.counters["FLOPs/s"] = benchmark::Counter(2.0 * 3 * 4 * static_cast<double>(n * n * d),
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK_CAPTURE(loss, tiles, false)
    ->Unit(benchmark::kMillisecond)
    ->RangeMultiplier(2)
    ->Range(256, 8192);
BENCHMARK_CAPTURE(loss, autograd, true)
    ->Unit(benchmark::kMillisecond)
    ->RangeMultiplier(2)
    ->Range(256, 8192);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
