// Work whose products once were those of the BLAS installed, to be run beside one BLAS and another:
//   bench_blas; LD_LIBRARY_PATH=folder of another libblas.so.3 bench_blas
#include <ATen/ops/arange.h>

#include "likewise/eval/linear_probe.hpp"
#include "likewise/eval/map.hpp"
#include "likewise/eval/search.hpp"
#include "likewise/losses/nt_xent.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/nn/heads.hpp"
#include "likewise/nn/initialize.hpp"
#include "support.hpp"

namespace likewise {
namespace {

// Forward and backward of encoder, head and loss on 64 pairs of 32 x 32 pixels, float32.
void step(benchmark::State& state, const char* name, int64_t width, int64_t hidden) {
  EncoderOptions options;
  options.name = name;
  options.width = width;
  const auto encoder = make_encoder(options, 3, 32, Rng(1));
  HeadOptions shape;
  shape.hidden = hidden;
  Head head(encoder->feature_dim(), shape);
  initialize(head, Rng(3));
  const Tensor x = bench::normal(2, {128, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast);
  for (auto _ : state) {
    const Tensor z = head.forward(encoder->forward(x));
    nt_xent(z.narrow(0, 0, 64), z.narrow(0, 64, 64)).backward();
    for (const Tensor& p : encoder->parameters()) p.mutable_grad().reset();
    for (const Tensor& p : head.parameters()) p.mutable_grad().reset();
  }
}

// Ten classes that a linear classifier tells apart with some errors.
void probe(benchmark::State& state) {
  FeatureSet features;
  features.x = bench::normal(1, {10000, 512});
  features.y = at::arange(10000, at::kLong).remainder(10);
  for (int64_t i = 0; i < 10000; ++i) features.x.data_ptr<float>()[i * 512 + i % 10] += 2;
  for (auto _ : state) benchmark::DoNotOptimize(fit_linear_probe(features));
}

void principal_components(benchmark::State& state) {
  const Tensor x = bench::normal(1, {10000, 512});
  for (auto _ : state) benchmark::DoNotOptimize(pca(x, 50));
}

void search(benchmark::State& state) {
  const Tensor base = bench::normal(1, {20000, 512}), queries = bench::normal(2, {500, 512});
  for (auto _ : state) benchmark::DoNotOptimize(top_k(queries, base, 20, Metric::kCosine));
}

BENCHMARK_CAPTURE(step, small, "small", 0, 512)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(step, resnet18_w16, "resnet18", 16, 2048)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(step, vit_tiny, "vit_tiny", 0, 512)->Unit(benchmark::kMillisecond);
BENCHMARK(probe)->Unit(benchmark::kMillisecond);
BENCHMARK(principal_components)->Unit(benchmark::kMillisecond);
BENCHMARK(search)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
