// Our convolutions as part of autograd, against libtorch's in double.
#include "nn/conv.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "kernels/simd.hpp"
#include "likewise/base/random.hpp"
#include "likewise/nn/layers.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/precision.hpp"

namespace likewise::conv_nn_test {
namespace {

struct Shape {
  int64_t batch, in, out, height, width, kernel, stride, padding;
};

Tensor normal(std::vector<int64_t> shape, uint64_t seed) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng(seed).fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

struct Result {
  Tensor y, dx, dw;
};

Result run(const Shape& s, bool ours, bool planar_weight = false, bool every_part = true) {
  const at::ScalarType type = ours ? at::kFloat : at::kDouble;
  const Tensor x = channels_last(normal({s.batch, s.in, s.height, s.width}, 1).to(type)).detach();
  Tensor weight = normal({s.out, s.in, s.kernel, s.kernel}, 2).to(type);
  if (!planar_weight) weight = channels_last(weight).detach();
  x.set_requires_grad(s.in != 1 && s.in != 3);
  weight.set_requires_grad(true);
  const Tensor y = ours ? detail::own_conv(x, weight, {s.stride, s.padding}, every_part)
                        : at::conv2d(x, weight, {}, {s.stride, s.stride}, {s.padding, s.padding});
  y.backward(normal(y.sizes().vec(), 3).to(type));  // planar: to be laid out first
  return {y.detach(), x.grad(), weight.grad()};
}

double difference(const Tensor& a, const Tensor& b) {
  const Tensor d = (a.to(at::kDouble) - b.to(at::kDouble)).abs();
  return (d.max() / b.to(at::kDouble).abs().max()).item<double>();
}

const std::vector<Shape> kShapes = {{5, 16, 16, 9, 7, 3, 1, 1}, {3, 16, 48, 8, 8, 3, 2, 1},
                                    {2, 32, 16, 8, 9, 1, 2, 0}, {4, 1, 64, 28, 28, 3, 1, 1},
                                    {4, 3, 16, 5, 6, 3, 1, 1},  {2, 64, 64, 3, 3, 3, 1, 1},
                                    {1, 16, 32, 1, 1, 3, 1, 1}};

TEST(OwnConv, EqualsLibtorchInDouble) {
  for (const Shape& s : kShapes) {
    for (bool planar : {false, true}) {
      for (bool every_part : {false, true}) {
        SCOPED_TRACE(testing::Message() << s.in << " to " << s.out << ", " << s.height << " x "
                                        << s.width << (planar ? " planar" : ""));
        const Result a = run(s, true, planar, every_part), b = run(s, false, planar);
        EXPECT_LT(difference(a.y, b.y), 1e-5);
        EXPECT_TRUE(a.y.is_contiguous(at::MemoryFormat::ChannelsLast));
        EXPECT_LT(difference(a.dw, b.dw), 1e-5);
        EXPECT_EQ(a.dx.defined(), b.dx.defined());
        if (a.dx.defined()) {
          EXPECT_LT(difference(a.dx, b.dx), 1e-5);
        }
      }
    }
  }
}

TEST(OwnConv, IsTheSameForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  for (const Shape& s : {Shape{33, 16, 32, 12, 12, 3, 1, 1}, Shape{9, 1, 32, 20, 20, 3, 1, 1},
                         Shape{9, 16, 32, 12, 12, 3, 2, 1}}) {
    std::vector<Result> results;
    for (int threads : {1, 2, 4}) {
      at::set_num_threads(threads);
      results.push_back(run(s, true));
    }
    for (const Result& r : results) {
      EXPECT_TRUE(r.y.equal(results[0].y));
      EXPECT_TRUE(r.dw.equal(results[0].dw));
      if (r.dx.defined()) {
        EXPECT_TRUE(r.dx.equal(results[0].dx));
      }
    }
  }
  at::set_num_threads(before);
}

// d/dw of |d(sum y^2)/dx|^2, for which libtorch differentiates the gradient.
TEST(OwnConv, SecondDerivativesAreLibtorchs) {
  const auto second = [](bool ours) {
    const at::ScalarType type = ours ? at::kFloat : at::kDouble;
    const Tensor x = channels_last(normal({2, 16, 6, 6}, 1).to(type)).detach();
    const Tensor w = channels_last(normal({16, 16, 3, 3}, 2).to(type)).detach();
    x.set_requires_grad(true);
    w.set_requires_grad(true);
    const Tensor y = ours ? detail::own_conv(x, w, {1, 1}) : at::conv2d(x, w, {}, {1, 1}, {1, 1});
    const auto dx = torch::autograd::grad({y.square().sum()}, {x}, {}, true, true);
    return torch::autograd::grad({dx[0].square().sum()}, {w})[0];
  };
  EXPECT_LT(difference(second(true), second(false)), 1e-5);
}

TEST(OwnConv, OnlyWhereItIsFaster) {
  if (kernels::best_simd() == kernels::Simd::kPortable) GTEST_SKIP() << "needs AVX2";
  const Tensor x = channels_last(normal({32, 16, 8, 8}, 1));
  const Tensor w = channels_last(normal({16, 16, 3, 3}, 2));
  EXPECT_TRUE(detail::has_own_conv(x, w, {1, 1}));
  EXPECT_FALSE(detail::has_own_conv(x, w, {2, 1}));
  EXPECT_FALSE(detail::has_own_conv(x.contiguous(), w, {1, 1}));  // planar
  EXPECT_FALSE(detail::has_own_conv(x.to(at::kDouble), w, {1, 1}));
  EXPECT_FALSE(detail::has_own_conv(x.slice(0, 0, 1), w, {1, 1}));  // too small
  EXPECT_FALSE(detail::has_own_conv(x, channels_last(normal({17, 16, 3, 3}, 2)), {1, 1}));
  EXPECT_FALSE(detail::has_own_conv(x, channels_last(normal({16, 8, 3, 3}, 2)), {1, 1}));
  const PrecisionGuard guard(Precision::kBf16);
  EXPECT_FALSE(detail::has_own_conv(x, w, {1, 1}));
}

TEST(OwnConv, TheLayerUsesIt) {
  for (int64_t batch : {1, 32}) {
    Conv2d layer(16, 32, Conv2dOptions{.padding = 1});
    Rng rng(1);
    layer.initialize(rng);
    to_channels_last(layer);
    const Tensor x = channels_last(normal({batch, 16, 8, 8}, 1));
    const Tensor plain = at::conv2d(x.to(at::kDouble), layer.weight.to(at::kDouble), {},
                                    at::IntArrayRef{1, 1}, at::IntArrayRef{1, 1});
    EXPECT_LT(difference(layer.forward(x).detach(), plain.detach()), 1e-5);
  }
}

}  // namespace
}  // namespace likewise::conv_nn_test
