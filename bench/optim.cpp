// Optimiser steps over the parameters of a ResNet-18: in one pass over memory, and libtorch's own
// or loops of tensor operations.
#include <ATen/ops/norm.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>
#include <torch/optim/adam.h>
#include <torch/optim/sgd.h>

#include "likewise/nn/catalogue.hpp"
#include "likewise/optim/ema.hpp"
#include "likewise/optim/optimizer.hpp"
#include "support.hpp"

namespace likewise {
namespace {

std::vector<Tensor> parameters(int64_t width) {
  EncoderOptions options;
  options.name = "resnet18";
  options.width = width;
  std::vector<Tensor> out;
  uint64_t seed = 0;
  for (const Tensor& p : make_encoder(options, 3, 32, Rng(0))->parameters()) {
    Tensor w = bench::normal(++seed, p.sizes().vec());
    w.set_requires_grad(true);
    w.mutable_grad() = bench::normal(++seed, p.sizes().vec());
    out.push_back(w);
  }
  return out;
}

void flat(benchmark::State& state, const char* name) {
  std::vector<ParameterInfo> info;
  for (const Tensor& w : parameters(state.range(0))) {
    info.push_back({std::to_string(info.size()), w, w.dim() > 1});
  }
  OptimOptions options;
  options.name = name;
  options.weight_decay = 1e-4;
  const auto optimizer = make_optimizer(options, info);
  for (auto _ : state) optimizer->step(1e-9);
}

void libtorch_adam(benchmark::State& state) {
  torch::optim::Adam optimizer(parameters(state.range(0)),
                               torch::optim::AdamOptions(1e-9).weight_decay(1e-4));
  for (auto _ : state) optimizer.step();
}

void libtorch_sgd(benchmark::State& state) {
  torch::optim::SGD optimizer(parameters(state.range(0)),
                              torch::optim::SGDOptions(1e-9).momentum(0.9).weight_decay(1e-4));
  for (auto _ : state) optimizer.step();
}

void operations_lars(benchmark::State& state) {
  const auto weights = parameters(state.range(0));
  std::vector<Tensor> momenta;
  for (const Tensor& w : weights) momenta.push_back(at::zeros_like(w));
  const at::NoGradGuard no_grad;
  for (auto _ : state) {
    for (size_t i = 0; i < weights.size(); ++i) {
      Tensor w = weights[i];
      const Tensor u = w.dim() > 1 ? w.grad() + 1e-4 * w : w.grad();
      Tensor step = u * 1e-9;
      if (w.dim() > 1) step = step * (1e-3 * at::norm(w) / at::norm(u));
      momenta[i].mul_(0.9).add_(step);
      w.sub_(momenta[i]);
    }
  }
}

void flat_ema(benchmark::State& state) {
  const auto online = parameters(state.range(0)), target = parameters(state.range(0));
  const at::NoGradGuard no_grad;
  for (auto _ : state) ema_update(target, online, 0.99);
}

void operations_ema(benchmark::State& state) {
  const auto online = parameters(state.range(0)), target = parameters(state.range(0));
  const at::NoGradGuard no_grad;
  for (auto _ : state) {
    for (size_t i = 0; i < target.size(); ++i) {
      Tensor t = target[i];
      t.mul_(0.99).add_(online[i], 0.01);
    }
  }
}

#define WIDTHS ->Arg(16)->Arg(64)->Unit(benchmark::kMicrosecond)
BENCHMARK_CAPTURE(flat, sgd, "sgd") WIDTHS;
BENCHMARK(libtorch_sgd) WIDTHS;
BENCHMARK_CAPTURE(flat, adam, "adam") WIDTHS;
BENCHMARK(libtorch_adam) WIDTHS;
BENCHMARK_CAPTURE(flat, lars, "lars") WIDTHS;
BENCHMARK(operations_lars) WIDTHS;
BENCHMARK(flat_ema) WIDTHS;
BENCHMARK(operations_ema) WIDTHS;

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
