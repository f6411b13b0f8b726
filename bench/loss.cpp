// Contrastive losses, value and gradient: in tiles, and as autograd of matrix operations.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>

#include "likewise/losses/contrastive.hpp"
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

using InfoNce = Tensor (*)(const Tensor&, const Tensor&, const InfoNcePairs&, const InfoNceOptions&,
                           const Tensor&);

// N queries, each with its own key, and a queue of 65,536 that gets no gradient.
void moco(benchmark::State& state, InfoNce info) {
  const int64_t n = state.range(0), d = 128;
  const Tensor q = bench::normal(1, {n, d}).set_requires_grad(true);
  const Tensor key = bench::normal(2, {n, d}), queue = bench::normal(3, {65536, d});
  for (auto _ : state) {
    info(q, queue, {.positive_key = key}, {.temperature = 0.2}, {}).backward();
    q.mutable_grad().reset();
  }
}

// Images and texts, both directions, learned temperature.
void clip(benchmark::State& state, bool plain) {
  const int64_t n = state.range(0), d = 128;
  const Tensor a = bench::normal(1, {n, d}).set_requires_grad(true);
  const Tensor b = bench::normal(2, {n, d}).set_requires_grad(true);
  const Tensor t = at::full({}, 2.66, at::kFloat).set_requires_grad(true);
  const Tensor target = at::arange(n, at::kLong);
  for (auto _ : state) {
    if (plain) {
      const auto unit = [](const Tensor& x) { return x / at::norm(x, 2, {1}, true); };
      const Tensor logits = at::matmul(unit(a), unit(b).t()) * t.exp();
      ((at::cross_entropy_loss(logits, target) + at::cross_entropy_loss(logits.t(), target)) / 2)
          .backward();
    } else {
      clip_loss(a, b, {}, t).backward();
    }
    for (const Tensor& x : {a, b, t}) x.mutable_grad().reset();
  }
}

// Two views of N samples of ten classes.
void sup_con(benchmark::State& state, bool plain) {
  const int64_t n = state.range(0), d = 128;
  const Tensor z0 = bench::normal(1, {n, d}).set_requires_grad(true);
  const Tensor z1 = bench::normal(2, {n, d}).set_requires_grad(true);
  const Tensor labels = at::arange(n, at::kLong).remainder(10);
  const Tensor self = at::arange(2 * n, at::kLong), both = at::cat({labels, labels});
  for (auto _ : state) {
    if (plain) {
      const Tensor z = at::cat({z0, z1});
      const InfoNcePairs pairs{
          .positive = self.roll(n), .self = self, .query_group = both, .key_group = both};
      info_nce_plain(z, z, pairs).backward();
    } else {
      likewise::sup_con(z0, z1, labels).backward();
    }
    z0.mutable_grad().reset();
    z1.mutable_grad().reset();
  }
}

#define LIKEWISE_BENCH_PAIR(name, ours, theirs, ...)                               \
  BENCHMARK_CAPTURE(name, tiles, ours)->Unit(benchmark::kMillisecond) __VA_ARGS__; \
  BENCHMARK_CAPTURE(name, autograd, theirs)->Unit(benchmark::kMillisecond) __VA_ARGS__;
LIKEWISE_BENCH_PAIR(moco, info_nce, info_nce_plain, ->Arg(256)->Arg(2048))
LIKEWISE_BENCH_PAIR(clip, false, true, ->Arg(256)->Arg(1024)->Arg(2048))
LIKEWISE_BENCH_PAIR(sup_con, false, true, ->Arg(256)->Arg(1024)->Arg(2048))

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
