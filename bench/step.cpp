// Forward and backward pass of an encoder: ours, and libtorch's operations in channels-last with
// the same parameters.
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>

#include "likewise/nn/conv4.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/resnet.hpp"
#include "support.hpp"

namespace likewise {
namespace {

// The encoders once more, of libtorch's operations as its users write them.
class Libtorch {
 public:
  explicit Libtorch(const torch::nn::Module& module)
      : parameters_(module.named_parameters()), buffers_(module.named_buffers()) {}

  Tensor conv4(Tensor x) const {
    for (const char* block : {"blocks.0", "blocks.1", "blocks.2", "blocks.3"}) {
      const std::string name = block;
      x = norm(name + ".bn", conv(name + ".conv", x, 1)).relu_();
      x = at::max_pool2d(x, {2, 2});
    }
    return x.flatten(1);
  }

  Tensor resnet18(Tensor x) const {
    x = norm("bn1", conv("conv1", x, 1)).relu_();
    for (int stage = 1; stage <= 4; ++stage) {
      for (int block = 0; block < 2; ++block) {
        const std::string name = "layer" + std::to_string(stage) + "." + std::to_string(block);
        const int64_t stride = stage > 1 && block == 0 ? 2 : 1;
        Tensor y = norm(name + ".bn1", conv(name + ".conv1", x, stride)).relu_();
        y = norm(name + ".bn2", conv(name + ".conv2", y, 1));
        if (stride == 2) {
          x = norm(name + ".downsample.1", conv(name + ".downsample.0", x, 2, 0));
        }
        x = y.add_(x).relu_();
      }
    }
    return x.mean(at::IntArrayRef{2, 3});
  }

 private:
  Tensor conv(const std::string& name, const Tensor& x, int64_t stride, int64_t pad = 1) const {
    return at::conv2d(x, parameters_[name + ".weight"], {}, {stride, stride}, {pad, pad});
  }
  Tensor norm(const std::string& name, const Tensor& x) const {
    return at::batch_norm(x, parameters_[name + ".weight"], parameters_[name + ".bias"],
                          buffers_[name + ".running_mean"], buffers_[name + ".running_var"], true,
                          0.1, 1e-5, false);
  }
  torch::OrderedDict<std::string, Tensor> parameters_, buffers_;
};

template <class Forward>
void train(benchmark::State& state, torch::nn::Module& encoder, const Tensor& x,
           const Forward& forward) {
  for (auto _ : state) {
    forward(x).square().mean().backward();
    for (Tensor& parameter : encoder.parameters()) parameter.mutable_grad().reset();
  }
  state.SetItemsProcessed(state.iterations() * x.size(0));
}

void conv4(benchmark::State& state, bool ours) {
  Conv4 encoder(Conv4Options{});
  initialize(encoder, Rng(1));
  to_channels_last(encoder);
  const Tensor x = channels_last(bench::normal(2, {100, 1, 28, 28}));
  const Libtorch libtorch(encoder);
  train(state, encoder, x,
        [&](const Tensor& in) { return ours ? encoder.forward(in) : libtorch.conv4(in); });
}

void resnet18(benchmark::State& state, bool ours, int64_t width, int64_t batch) {
  ResNet encoder(ResNetOptions{.width = width, .imagenet_stem = false});
  initialize(encoder, Rng(1));
  to_channels_last(encoder);
  const Tensor x = channels_last(bench::normal(2, {batch, 3, 32, 32}));
  const Libtorch libtorch(encoder);
  train(state, encoder, x,
        [&](const Tensor& in) { return ours ? encoder.forward(in) : libtorch.resnet18(in); });
}

BENCHMARK_CAPTURE(conv4, ours, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(conv4, libtorch, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(resnet18, ours_16, true, 16, 128)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(resnet18, libtorch_16, false, 16, 128)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(resnet18, ours_64, true, 64, 32)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(resnet18, libtorch_64, false, 64, 32)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
